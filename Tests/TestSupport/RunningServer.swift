import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOHTTP1

/// `martlet serve` on a free port, and a way to talk to it over real sockets.
package final class RunningServer: Sendable {
    package let program: RunningProgram
    package let port: Int
    package let issuer: String

    /// Starts the server in `folder` and waits until it is ready. Nodes of one `issuer` have different ports.
    package init(_ arguments: [String] = [], in folder: URL, port: Int? = nil, issuer: String? = nil) async throws {
        let port = try port ?? freePort()
        self.port = port
        self.issuer = issuer ?? "http://localhost:\(port)"
        program = try RunningProgram(
            [
                "serve", "--issuer", self.issuer, "--listen", "127.0.0.1:\(port)",
                "--telemetry-level", "debug",
            ] + arguments, in: folder)
        let (program, client) = (program, WebClient(origin: self.issuer, port: port))
        do {
            try await until("the server is ready") {
                guard program.isRunning else { throw Unexpected("the server ended: \(program.output)") }
                return (try? await client.get("/health/ready").status) == 200
            }
        } catch { throw Unexpected("\(error): \(program.output)") }
    }

    package func stop() async throws {
        program.signal(SIGTERM)
        let code: Int32
        do { code = try await program.wait() } catch { throw Unexpected("\(error): \(program.output)") }
        guard code == 0 else { throw Unexpected("the server failed: \(program.output)") }
    }
}

/// A browser without an engine: cookies, forms, and redirects on request.
package final class WebClient: Sendable {
    package struct Answer: Sendable {
        package let status: Int
        package let headers: [(String, String)]
        package let body: String

        package func header(_ name: String) -> String? { headers.first { $0.0.lowercased() == name.lowercased() }?.1 }

        /// Returns the hidden fields and the action of the page's first form.
        package var form: (action: String, fields: [(String, String)]) {
            let action = body.firstMatch(of: /<form method="post" action="([^"]*)"/).map { String($0.1) } ?? ""
            let first = body.firstRange(of: "</form>").map { body[..<$0.lowerBound] } ?? body[...]
            let fields = first.matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)"/)
                .map { (String($0.1), String($0.2)) }
            return (action, fields)
        }

        /// The parameters of the redirect's address.
        package var answer: [String: String] {
            let items = URLComponents(string: header("location") ?? "")?.queryItems ?? []
            return Dictionary(items.map { ($0.name, $0.value ?? "") }) { first, _ in first }
        }
    }

    private let origin: String
    private let port: Int?
    private let forwardedFor: String?
    private let timeout: Int64
    private let cookies: Cookies

    /// `port` is where the origin is actually served, as behind a load balancer. `forwardedFor` is the client's
    /// address as a proxy would report it.
    package convenience init(
        origin: String, port: Int? = nil, forwardedFor: String? = nil, timeout seconds: Int64 = 30
    ) {
        self.init(origin: origin, port: port, forwardedFor: forwardedFor, timeout: seconds, cookies: Cookies())
    }

    private init(origin: String, port: Int?, forwardedFor: String?, timeout: Int64, cookies: Cookies) {
        self.timeout = timeout
        self.origin = origin
        self.port = port
        self.forwardedFor = forwardedFor
        self.cookies = cookies
    }

    /// Returns the same browser, whose next request goes to another node.
    package func on(_ server: RunningServer) -> WebClient {
        WebClient(origin: origin, port: server.port, forwardedFor: forwardedFor, timeout: timeout, cookies: cookies)
    }

    private actor Cookies {
        private var values: [String: String] = [:]
        func take(_ fields: [String]) {
            for field in fields {
                let parts = field.prefix { $0 != ";" }
                    .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2 { values[String(parts[0])] = parts[1].isEmpty ? nil : String(parts[1]) }
            }
        }
        var header: String { values.map { "\($0)=\($1)" }.joined(separator: "; ") }
    }

    package func get(_ path: String, headers: [(String, String)] = []) async throws -> Answer {
        try await send(.GET, path, headers: headers, body: nil)
    }

    package func post(_ path: String, _ form: [(String, String)], headers: [(String, String)] = []) async throws
        -> Answer
    {
        let body = form.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
        let type = ("Content-Type", "application/x-www-form-urlencoded")
        return try await send(.POST, path, headers: headers + [type], body: body)
    }

    package func postJSON(
        _ path: String, _ body: String, type: String = "application/json", headers: [(String, String)] = []
    ) async throws -> Answer {
        try await send(.POST, path, headers: headers + [("Content-Type", type)], body: body)
    }

    package func request(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: String? = nil
    ) async throws -> Answer {
        try await send(HTTPMethod(rawValue: method), path, headers: headers, body: body)
    }

    /// Follows redirects within the origin.
    package func follow(_ answer: Answer) async throws -> Answer {
        var answer = answer
        while let location = answer.header("location"), location.hasPrefix("/") { answer = try await get(location) }
        return answer
    }

    private func send(_ method: HTTPMethod, _ path: String, headers: [(String, String)], body: String?) async throws
        -> Answer
    {
        let base = port.map { "http://127.0.0.1:\($0)" } ?? origin.replacing("localhost", with: "127.0.0.1")
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers.add(name: "Host", value: String(origin.dropFirst("http://".count)))
        let cookie = await cookies.header
        if !cookie.isEmpty { request.headers.add(name: "Cookie", value: cookie) }
        if let forwardedFor { request.headers.add(name: "X-Forwarded-For", value: forwardedFor) }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await Self.client.execute(request, timeout: .seconds(timeout))
        await cookies.take(response.headers["Set-Cookie"])
        let bytes = try await response.body.collect(upTo: 1 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
            body: String(buffer: bytes))
    }

    private func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    /// The shared client follows redirects, but these tests inspect each step.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
}

extension WebClient {
    /// Signs a user in for a client without a consent page; returns the response with the code.
    package func signIn(_ query: String, username: String, password: String) async throws -> Answer {
        let page = try await follow(get("/authorize?\(query)"))
        let form = page.form
        let answer = try await post(form.action, form.fields + [("username", username), ("password", password)])
        return try await follow(answer)
    }
}

/// The `Authorization` field of a client with a secret.
package func basic(_ client: String, _ secret: String) -> (String, String) {
    ("Authorization", "Basic " + Data("\(client):\(secret)".utf8).base64EncodedString())
}

package func json(_ text: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
}
