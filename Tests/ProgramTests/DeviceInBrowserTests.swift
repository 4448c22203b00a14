import Foundation
import TestSupport
import Testing

/// A device, its user's browser, and the server between them.
private struct DeviceWalk {
    let server: RunningServer
    let browser: Chromium
    let inspection: PageInspection
    let device: WebClient
    private let folder: Folder
    static let grant = "urn:ietf:params:oauth:grant-type:device_code"
    static let (enter, tab) = ("\u{E007}", "\u{E004}")

    init(_ language: String) async throws {
        folder = try Folder()
        try folder.write(
            "resources.yaml",
            """
            users: [{username: alice, password: down the rabbit hole, name: Alice Liddell}]
            resource_servers:
              - {identifier: "https://films.example", name: Films, description: What you watch, scopes: {films: Watch films}}
            clients:
              - client_id: tv
                client_name: Television in the living room
                token_endpoint_auth_method: none
                policy_uri: https://tv.example/privacy
                grant_types: ["\(Self.grant)"]
                scope: openid profile films
            """)
        server = try await RunningServer(
            ["--apply", "resources.yaml", "--trusted-proxies", "127.0.0.1"], in: folder.url)
        browser = try await Chromium()
        inspection = try await PageInspection(browser, language: language)
        device = WebClient(origin: server.issuer)
    }

    /// Asks for codes, as a device at `address`.
    func ask(from address: String? = nil) async throws -> (device: String, user: String, complete: String) {
        let headers = address.map { [("X-Forwarded-For", $0)] } ?? []
        let answer = try await device.post(
            "/device_authorization", [("client_id", "tv"), ("scope", "openid profile films")],
            headers: headers + [("User-Agent", "Mozilla/5.0 (Linux; Android 14; TV) Chrome/140.0")])
        let codes = try json(answer.body)
        func code(_ name: String) throws -> String { try #require(codes[name] as? String, "\(codes)") }
        return (try code("device_code"), try code("user_code"), try code("verification_uri_complete"))
    }

    func poll(_ code: String) async throws -> WebClient.Answer {
        try await device.post(
            "/token", [("grant_type", Self.grant), ("device_code", code), ("client_id", "tv")])
    }

    /// Presses keys where the focus is.
    func press(_ keys: String...) async throws {
        for key in keys {
            let isFocused = try await browser.evaluate("document.activeElement !== document.body") == "true"
            try await browser.type(key, into: isFocused ? ":focus" : "body")
        }
    }

    func look(at name: String, when condition: String) async throws {
        try await browser.wait(for: condition)
        try await inspection.look(at: name)
    }

    func end() async throws {
        try await browser.quit()
        try await server.stop()
    }
}

@Suite("Connecting a device in a real browser, by keyboard", .serialized)
struct DeviceInBrowserTests {
    private static let asks = "document.querySelector('#user-code') !== null"
    private static let alert = "document.querySelector('[role=alert]') !== null"
    private static let answers = "document.querySelector('[value=allow]') !== null"
    private static let done = "document.querySelector('.onward') !== null"

    @Test("from the address in the QR code to the tokens, and back from a mistake", arguments: ["en", "de"])
    func walk(_ language: String) async throws {
        let walk = try await DeviceWalk(language)
        let (tab, enter) = (DeviceWalk.tab, DeviceWalk.enter)
        let first = try await walk.ask(from: "198.51.100.7")
        try await walk.browser.open(first.complete)
        try await walk.browser.wait(for: "document.activeElement.id === 'username'")
        try await walk.press("alice", tab, "down the rabbit hole", enter)

        try await walk.look(at: "device-complete", when: Self.asks)
        #expect(try await walk.browser.evaluate("document.activeElement.value") == first.user)
        #expect(try await walk.browser.evaluate("document.querySelector('[role=alert]')") == "null")
        try await walk.press(enter)

        try await walk.look(at: "device-approve", when: Self.answers)
        let buttons = "[...document.querySelectorAll('.choices button')]"
        // Neither answer stands out.
        let styles =
            "new Set(\(buttons).map((b) => getComputedStyle(b).backgroundColor + getComputedStyle(b).color)).size"
        #expect(try await walk.browser.evaluate(styles) == "1")
        #expect(try await walk.browser.evaluate("new Set(\(buttons).map((b) => b.offsetHeight)).size") == "1")
        #expect(try await walk.browser.evaluate("document.querySelectorAll('.distance').length") == "1")
        // The first button that the keyboard reaches denies.
        try await walk.press(tab)
        #expect(try await walk.browser.evaluate("document.activeElement.value") == "deny")
        #expect(try await walk.poll(first.device).body.contains("authorization_pending"))
        try await walk.press(tab)
        #expect(try await walk.browser.evaluate("document.activeElement.value") == "allow")
        try await walk.press(enter)
        try await walk.look(at: "device-approved", when: Self.done)
        let tokens = try json(try await walk.poll(first.device).body)
        #expect(tokens["access_token"] is String, "\(tokens)")

        try await walk.browser.open(walk.server.issuer + "/device")
        try await walk.look(at: "device", when: Self.asks)
        try await walk.press("bcdf ghjk", enter)
        try await walk.look(at: "device-refused", when: Self.alert)
        let second = try await walk.ask()
        // As people type it, over the code that was wrong.
        _ = try await walk.browser.evaluate("document.querySelector('#user-code').select()")
        try await walk.press(second.user.lowercased().replacing("-", with: " "), enter)
        try await walk.browser.wait(for: Self.answers)
        #expect(try await walk.browser.evaluate("document.querySelectorAll('.distance').length") == "0")
        try await walk.press(tab, enter)
        try await walk.look(at: "device-denied", when: Self.done)
        #expect(try await walk.poll(second.device).body.contains("access_denied"))
        try await walk.end()
    }
}
