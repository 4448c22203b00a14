import Foundation

/// A Prometheus that scrapes one program every second. It ends with the process that started it.
package final class PrometheusServer: Sendable {
    private let folder: Folder
    private let port: Int
    private let process = Process()
    /// The server runs as long as this stays open.
    private let lifeline = Pipe()

    private static let script = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../Servers/prometheus").standardizedFileURL

    /// `target` is the loopback port of the metrics.
    package init(target: Int) async throws {
        folder = try Folder()
        port = try freePort()
        process.executableURL = Self.script
        process.arguments = [folder.url.path(), String(port), String(target)]
        process.standardInput = lifeline
        try process.run()
        let (process, client, folder) = (process, WebClient(origin: "http://127.0.0.1:\(port)"), folder)
        try await until("Prometheus is ready") {
            guard process.isRunning else {
                let log = try? String(contentsOf: folder.url.appending(path: "log"), encoding: .utf8)
                throw Unexpected("Prometheus did not start: is prometheus installed? \(log ?? "")")
            }
            return (try? await client.get("/-/ready").status) == 200
        }
    }

    deinit { try? lifeline.fileHandleForWriting.close() }

    /// Returns the current value of the expression's first series, or `nil` if there is none.
    package func value(_ expression: String) async throws -> Double? {
        let text = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let answer = try await WebClient(origin: "http://127.0.0.1:\(port)").get("/api/v1/query?query=\(text)")
        let result = try JSONDecoder().decode(JSONValue.self, from: Data(answer.body.utf8))["data"]?["result"]
        return result?.list.first?["value"]?.list.last?.text.flatMap(Double.init)
    }

    /// Returns the names of the loaded rules.
    package func rules() async throws -> [String] {
        let answer = try await WebClient(origin: "http://127.0.0.1:\(port)").get("/api/v1/rules")
        let groups = try JSONDecoder().decode(JSONValue.self, from: Data(answer.body.utf8))["data"]?["groups"]
        return groups?.list.flatMap { $0["rules"]?.list ?? [] }.compactMap { $0["name"]?.text } ?? []
    }
}
