import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport

/// A headless Chromium, driven through chromedriver (W3C WebDriver).
final class Chromium: Sendable {
    private let driver: Process
    private let base: String
    private let session: String
    /// The browser's process, which outlives a driver that is killed.
    private let browser: pid_t?
    private let profile: Folder

    /// Throws if Chromium or its driver is missing, because a test that can't run has failed.
    init() async throws {
        let port = try freePort()
        profile = try Folder()
        driver = Process()
        driver.executableURL = URL(filePath: "/usr/bin/chromedriver")
        driver.arguments = ["--port=\(port)"]
        driver.standardOutput = FileHandle.nullDevice
        driver.standardError = FileHandle.nullDevice
        try driver.run()
        base = "http://127.0.0.1:\(port)"
        let root = base
        try await until("the driver answers") {
            (try? await Self.send(.GET, "\(root)/status"))?["value"] != nil
        }
        let options: [String: Any] = [
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--user-data-dir=\(profile.url.path())", "--window-size=900,900", "--lang=en",
            ]
        ]
        let capabilities = ["capabilities": ["alwaysMatch": ["goog:chromeOptions": options]]]
        let answer = try await Self.send(.POST, "\(base)/session", capabilities)
        guard let value = answer["value"] as? [String: Any], let session = value["sessionId"] as? String else {
            throw Unexpected("the browser did not start: \(answer)")
        }
        self.session = session
        browser = ((value["capabilities"] as? [String: Any])?["goog:processID"] as? Int).map(pid_t.init)
    }

    func quit() async throws {
        _ = try await Self.send(.DELETE, "\(base)/session/\(session)")
        kill(driver.processIdentifier, SIGKILL)
    }

    deinit {
        // Only if a test failed before it called `quit`.
        guard driver.isRunning else { return }
        kill(driver.processIdentifier, SIGKILL)
        if let browser { kill(browser, SIGKILL) }
    }

    func open(_ url: String) async throws { _ = try await command("url", ["url": url]) }

    func type(_ text: String, into selector: String) async throws {
        _ = try await command("element/\(element(selector))/value", ["text": text])
    }

    func click(_ selector: String) async throws {
        _ = try await command("element/\(element(selector))/click", [:])
    }

    /// Returns the result of a script, as text.
    func evaluate(_ script: String) async throws -> String {
        let value = try await command("execute/sync", ["script": "return String(\(script))", "args": []])
        return value as? String ?? ""
    }

    /// Returns the result of the body of an asynchronous function, as text. The page's policy does not apply to it.
    func run(_ body: String) async throws -> String {
        let value = try await command("execute/sync", ["script": "return (async () => {\(body)})()", "args": []])
        return value as? String ?? ""
    }

    /// Sends a command of the Chrome DevTools Protocol.
    @discardableResult
    func devTools(_ name: String, _ parameters: [String: Any] = [:]) async throws -> [String: Any] {
        try await command("goog/cdp/execute", ["cmd": name, "params": parameters]) as? [String: Any] ?? [:]
    }

    func wait(for script: String) async throws {
        do {
            try await until("\(script)", seconds: 30) { (try? await evaluate(script)) == "true" }
        } catch {
            let page = try await evaluate("location.href + ' ' + document.body.innerText")
            throw Unexpected("\(error) on \(page)")
        }
    }

    /// Gives the browser a virtual authenticator (WebAuthn L3 §11), which keeps passkeys and asks for no confirmation.
    func addAuthenticator(_ transport: String = "internal") async throws -> String {
        let settings: [String: Any] = [
            "protocol": "ctap2", "transport": transport, "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "isUserConsenting": true,
        ]
        guard let id = try await command("webauthn/authenticator", settings) as? String else {
            throw Unexpected("no authenticator")
        }
        return id
    }

    func removeAuthenticator(_ id: String) async throws {
        _ = try await Self.send(.DELETE, "\(base)/session/\(session)/webauthn/authenticator/\(id)")
    }

    /// Sets whether the authenticator can verify its user.
    func setUserVerified(_ isVerified: Bool, of authenticator: String) async throws {
        _ = try await command("webauthn/authenticator/\(authenticator)/uv", ["isUserVerified": isVerified])
    }

    /// Returns a picture of the element, as PNG.
    func picture(of selector: String) async throws -> Data {
        let answer = try await Self.send(.GET, "\(base)/session/\(session)/element/\(element(selector))/screenshot")
        guard let text = answer["value"] as? String, let picture = Data(base64Encoded: text) else {
            throw Unexpected("no picture of \(selector)")
        }
        return picture
    }

    /// Continues in another window, counted in the order in which they opened, as soon as it exists.
    func switchToWindow(_ index: Int) async throws {
        try await until("window \(index) is open") {
            let answer = try await Self.send(.GET, "\(base)/session/\(session)/window/handles")
            guard let handles = answer["value"] as? [String], handles.indices.contains(index) else { return false }
            _ = try await command("window", ["handle": handles[index]])
            return true
        }
    }

    func forgetCookies() async throws {
        _ = try await Self.send(.DELETE, "\(base)/session/\(session)/cookie")
    }

    private func element(_ selector: String) async throws -> String {
        let value = try await command("element", ["using": "css selector", "value": selector]) as? [String: Any]
        guard let id = value?.values.first as? String else { throw Unexpected("no element \(selector)") }
        return id
    }

    private func command(_ path: String, _ body: [String: Any]) async throws -> Any? {
        let answer = try await Self.send(.POST, "\(base)/session/\(session)/\(path)", body)
        if let value = answer["value"] as? [String: Any], let error = value["error"] {
            throw Unexpected("\(path): \(error): \(value["message"] ?? "")")
        }
        return answer["value"]
    }

    private static func send(_ method: HTTPMethod, _ url: String, _ body: [String: Any]? = nil) async throws
        -> [String: Any]
    {
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try JSONSerialization.data(withJSONObject: body)))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        return try json(String(buffer: try await response.body.collect(upTo: 1 << 24)))
    }
}
