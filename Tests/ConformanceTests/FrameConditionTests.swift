import Crypto
import Foundation
import Testing

@testable import Conformance

@Suite("Conditions on frames and session_state accept what is valid, and each can fail")
struct FrameConditionTests {
    private let uri = WebAddress("https://rp.example/out?client=1")

    private func answer(_ html: String = "", _ headers: [(String, String)] = [], status: Int = 200) -> WebAnswer {
        WebAnswer(status: status, headers: headers.map { Parameter($0.0, $0.1) }, body: Array(html.utf8))
    }

    private func page(_ frames: [String], _ headers: [(String, String)] = [("Cache-Control", "no-store")]) -> ShownPage
    {
        let html = frames.map { "<iframe src=\"\($0.replacing("&", with: "&amp;"))\"></iframe>" }.joined()
        return ShownPage(address: WebAddress("https://id.example.com/logout"), answer: answer(html, headers))
    }

    @Test("conditions on front-channel logout")
    func frontChannel() {
        typealias On = FrontChannelConditions
        func evidence(_ pages: ShownPage...) -> FrontChannelEvidence {
            FrontChannelEvidence(pages: pages, uri: uri, issuer: Evidence.issuer, session: "session")
        }
        func frame(iss: String = "https%3A%2F%2Fid.example.com", sid: String = "session", more: String = "") -> String {
            "https://rp.example/out?client=1&iss=\(iss)&sid=\(sid)\(more)"
        }
        each(
            On.shared, good: evidence(page([]), page([frame(), "https://other.example/out"])),
            bad: [
                (On.loadsOnce, evidence(page([]))), (On.loadsOnce, evidence(page([frame(), frame()]))),
                (On.namesIssuer, evidence(page([frame(iss: "x")]))),
                (On.namesSession, evidence(page([frame(sid: "y")]))),
                (On.keepsQuery, evidence(page([frame(more: "&state=z")]))),
                (
                    On.keepsQuery,
                    evidence(page(["https://rp.example/out?iss=https%3A%2F%2Fid.example.com&sid=session"]))
                ),
                (
                    On.isAllowed,
                    evidence(
                        page(
                            [frame()],
                            [("Content-Security-Policy", "default-src 'none'; frame-src https://other.example")]))
                ), (On.isNotStored, evidence(page([frame()], []))),
            ])
        each([On.loadsNone], good: evidence(page([])), bad: [(On.loadsNone, evidence(page([frame()])))])
    }

    @Test(
        "a page's policy is read as in a browser",
        arguments: [
            ("", true, nil), ("default-src 'none'", false, nil), ("frame-src https://rp.example", true, nil),
            ("default-src 'none'; frame-src https://rp.example; frame-ancestors 'none'", true, false),
            ("child-src 'self'; frame-ancestors https://rp.example", false, true), ("frame-src https:", true, nil),
            ("frame-src https://rp.example.evil", false, nil), ("frame-ancestors *", true, true),
        ] as [(String, Bool, Bool?)])
    func policies(_ policy: String, frames: Bool, ancestors: Bool?) {
        let policy = ContentPolicy(answer("", policy.isEmpty ? [] : [("Content-Security-Policy", policy)]))
        #expect(policy.allowsFrame(from: "https://rp.example") == frames)
        #expect(policy.allows("https://rp.example", in: "frame-ancestors") == ancestors)
    }

    /// A value made as in the example of OpenID Connect Session Management §3.2.
    private func state(_ browser: String, client: String = "web", inHex: Bool = false, salt: String = "salt") -> String
    {
        let hash = SHA256.hash(data: Array("\(client) https://rp.example \(browser) \(salt)".utf8))
        let hex = hash.map { String(format: "%02x", $0) }.joined()
        return "\(inHex ? hex : Base64URL.encode(hash)).\(salt)"
    }

    @Test("the frame's answer is computed from the browser state, in either spelling", arguments: [true, false])
    func answers(_ inHex: Bool) {
        func answer(_ text: String, _ browser: String?, origin: String = "https://rp.example") -> SessionState.Answer {
            SessionState(text: text, client: "web", origin: origin).answer(in: browser)
        }
        let text = state("b", inHex: inHex)
        #expect(answer(text, "b") == .unchanged)
        #expect(answer(text, "c") == .changed)
        #expect(answer(text, nil) == .changed)
        #expect(answer(text, "b", origin: "https://other.example") == .changed)
        #expect(answer("no-salt", "b") == .error)
        #expect(answer("a b.salt", "b") == .error)
        #expect(answer("", "b") == .error)
    }

    @Test("conditions on session management")
    func sessions() throws {
        typealias On = SessionConditions
        func response(_ state: String?) throws -> AuthorizationAnswer {
            let more = state.map { "&session_state=\($0)" } ?? ""
            return try Evidence.answer("https://rp.example/cb?x=1&code=\(Evidence.code)\(more)")
        }
        each(
            On.shared, good: try response("a.b"),
            bad: [(On.hasState, try response(nil)), (On.hasNoSpace, try response("a%20b"))])
        let changed = On.answers(.changed, "now")
        each([changed], good: .changed, bad: [(changed, .unchanged)])
        func frame(_ status: Int = 200, type: String = "text/html", _ more: (String, String)...) -> FrameEvidence {
            FrameEvidence(
                answer: answer("", [("Content-Type", type)] + more, status: status), origin: "https://rp.example")
        }
        let none = ("Content-Security-Policy", "frame-ancestors 'none'")
        each(
            [On.isPage, On.canBeFramed], good: frame(),
            bad: [
                (On.isPage, frame(404)), (On.isPage, frame(type: "application/json")),
                (On.canBeFramed, frame(200, ("X-Frame-Options", "DENY"))), (On.canBeFramed, frame(200, none)),
            ])
        each([On.cannotBeFramed], good: frame(200, none), bad: [(On.cannotBeFramed, frame())])
        func all(_ salts: String...) -> [SessionState] {
            salts.map { SessionState(text: state("b", salt: $0), client: "web", origin: "https://rp.example") }
        }
        each([On.areSalted], good: all("x", "y"), bad: [(On.areSalted, all("x", "x"))])
    }

    @Test("a page that moves on by itself is followed, and the cookie that scripts read is known")
    func movingOn() {
        let address = WebAddress("https://id.example.com/logout")
        for (html, headers, expected) in [
            ("", [("Refresh", "3; url=https://rp.example/out?state=x")], "https://rp.example/out?state=x"),
            ("<meta http-equiv=\"Refresh\" content=\"0; URL='/next'\">", [], "https://id.example.com/next"),
            ("<meta http-equiv=refresh content=5>", [], nil), ("<p>", [], nil),
        ] as [(String, [(String, String)], String?)] {
            #expect(ShownPage(address: address, answer: answer(html, headers)).refresh?.text == expected)
        }
        let frame = """
            <iframe src="https://rp.example/a" srcdoc="&lt;meta http-equiv='refresh' \
            content='1; url=https://rp.example/b'&gt;"></iframe>
            """
        #expect(ShownPage(address: address, answer: answer(frame)).frames.map(\.text) == ["https://rp.example/b"])
        var jar = CookieJar()
        jar.take(["__Host-state=1; Path=/; Secure; SameSite=None", "hidden=2; Path=/; HttpOnly"], from: address)
        #expect(jar.valueForScripts("state", at: address) == "1")
        #expect(jar.valueForScripts("hidden", at: address) == nil)
        #expect(jar.valueForScripts("state", at: WebAddress("https://rp.example/")) == nil)
    }
}
