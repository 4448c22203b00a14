import Foundation
import TestSupport

/// The cost of telemetry: `client_credentials` tokens per second over HTTP, with and without it. Machines differ, are
/// shared and vary, and so does every start of a program. So the rounds are short and take turns, and the servers are
/// restarted several times. Fails if telemetry costs more than its goal allows.
@main
struct TelemetryBenchmark {
    private static let starts = 5
    private static let rounds = 11
    private static let seconds = 1

    static func main() async throws {
        let arguments = CommandLine.arguments
        if arguments.count == 5, arguments[1] == "serve", let mode = BenchmarkServer(rawValue: arguments[2]) {
            return try await mode.run(port: Int(arguments[3]) ?? 0, collector: arguments[4])
        }
        let collector = try await OTLPCollector(["discard"])
        print("tokens per second, \(seconds) s each\n" + BenchmarkServer.allCases.map { "\($0)".padded }.joined())
        var ratios: [BenchmarkServer: [Double]] = [:]
        for start in 0..<starts {
            // Another server goes first each time, because the first one after a pause has a cooler machine.
            var servers: [RunningBenchmark] = []
            for mode in BenchmarkServer.allCases.rotated(by: start) {
                servers.append(try await RunningBenchmark(mode, of: arguments[0], collector))
            }
            for server in servers { _ = try rate(server.port) }
            for round in 0..<rounds {
                let turn = servers.rotated(by: round)
                let rates = Dictionary(uniqueKeysWithValues: try turn.map { ($0.mode, try rate($0.port)) })
                let base = rates[.baseline] ?? .nan
                for (mode, rate) in rates { ratios[mode, default: []].append(rate / base) }
                print(BenchmarkServer.allCases.map { String(Int(rates[$0] ?? 0)).padded }.joined())
            }
            for server in servers { try server.stop() }
        }
        var isTooMuch = false
        for mode in BenchmarkServer.allCases {
            let sorted = ratios[mode, default: []].sorted()
            let median = sorted[sorted.count / 2]
            let promise = mode.bound.map { String(format: ", at least %.2f promised", $0) } ?? ""
            print(String(format: "%@: median %.3f of the baseline%@", mode.rawValue, median, promise))
            isTooMuch = isTooMuch || median < (mode.bound ?? 0)
        }
        if isTooMuch { exit(1) }
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "token.lua").path()

    /// Throws if a response is not a token.
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

/// One of the compared servers, in its own process.
private struct RunningBenchmark {
    let mode: BenchmarkServer
    let port: Int
    private let process = Process()
    /// The server runs as long as this stays open.
    private let lifeline = Pipe()

    init(_ mode: BenchmarkServer, of program: String, _ collector: OTLPCollector) async throws {
        self.mode = mode
        let port = try freePort()
        self.port = port
        process.executableURL = URL(filePath: program)
        process.arguments = ["serve", mode.rawValue, String(port), collector.endpoint]
        process.standardInput = lifeline
        process.standardError = FileHandle(forWritingAtPath: "/dev/null")
        try process.run()
        try await until("the server listens") { !isFree(port) }
    }

    func stop() throws {
        try lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

extension Array {
    fileprivate func rotated(by count: Int) -> [Element] { indices.map { self[($0 + count) % self.count] } }
}

extension String {
    fileprivate var padded: String { String(repeating: " ", count: max(0, 12 - count)) + self }
}
