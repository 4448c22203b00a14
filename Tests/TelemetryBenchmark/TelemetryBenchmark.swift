import Foundation
import TestSupport

/// What telemetry costs: tokens a second by `client_credentials` over HTTP, with and without it, in many short rounds that
/// take turns, because machines differ and are shared. Fails when it costs more than it may.
@main
struct TelemetryBenchmark {
    private static let rounds = 41
    private static let seconds = 1

    static func main() async throws {
        let arguments = CommandLine.arguments
        if arguments.count == 5, arguments[1] == "serve", let mode = BenchmarkServer(rawValue: arguments[2]) {
            return try await mode.run(port: Int(arguments[3]) ?? 0, collector: arguments[4])
        }
        let collector = try await OTLPCollector(["discard"])
        var servers: [(mode: BenchmarkServer, port: Int, process: Process, lifeline: Pipe)] = []
        for mode in BenchmarkServer.allCases {
            let port = try freePort()
            let (process, lifeline) = (Process(), Pipe())
            process.executableURL = URL(filePath: arguments[0])
            process.arguments = ["serve", mode.rawValue, String(port), collector.endpoint]
            process.standardInput = lifeline
            process.standardError = FileHandle(forWritingAtPath: "/dev/null")
            try process.run()
            try await listening(port)
            servers.append((mode, port, process, lifeline))
        }
        for server in servers { _ = try rate(server.port) }
        print("tokens a second, \(seconds) s each\n" + servers.map { "\($0.mode)".padded }.joined())
        var ratios: [BenchmarkServer: [Double]] = [:]
        for round in 0..<rounds {
            // Another one begins each time: whoever comes after a rest has a cooler machine.
            let turn = (0..<servers.count).map { servers[($0 + round) % servers.count] }
            let rates = Dictionary(
                uniqueKeysWithValues: try turn.map { ($0.mode, try rate($0.port)) })
            let base = rates[.baseline] ?? .nan
            for (mode, rate) in rates { ratios[mode, default: []].append(rate / base) }
            print(servers.map { String(Int(rates[$0.mode] ?? 0)).padded }.joined())
        }
        for server in servers {
            try server.lifeline.fileHandleForWriting.close()
            server.process.waitUntilExit()
        }
        var isTooMuch = false
        for mode in BenchmarkServer.allCases {
            let sorted = ratios[mode, default: []].sorted()
            let (median, bound) = (sorted[sorted.count / 2], mode.bound)
            print(String(format: "%@: median %.3f of the baseline, at least %.2f", mode.rawValue, median, bound))
            isTooMuch = isTooMuch || median < bound
        }
        if isTooMuch { exit(1) }
    }

    private static func listening(_ port: Int) async throws {
        try await until("the server listens") { !isFree(port) }
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "token.lua").path()

    /// Throws when an answer is not a token.
    private static func rate(_ port: Int) throws -> Double {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/wrk")
        process.arguments = ["-t1", "-c16", "-d\(seconds)s", "-s", script, "http://127.0.0.1:\(port)/token"]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard !text.contains("Non-2xx"), let match = text.firstMatch(of: /Requests\/sec:\s+([0-9.]+)/),
            let rate = Double(match.1)
        else { throw Unexpected("no tokens were issued: \(text)") }
        return rate
    }
}

extension String {
    fileprivate var padded: String { String(repeating: " ", count: max(0, 12 - count)) + self }
}
