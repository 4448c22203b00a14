import FoundationEssentials
import HTTPTypes
import InMemoryLogging
import JOSE
import Logging
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Attacks on sign-ins at upstreams (RFC 9700 §4, RFC 9207)")
struct UpstreamAttackTests {
    /// A network with an honest upstream and one of the attacker's, and a user who has an account at the honest one.
    private struct Scene {
        let honest: CannedUpstream
        let attacker: CannedUpstream
        let issuer: TestIssuer

        init(_ engine: TestEngine = .sqlite, attacker members: JSONObject = [:]) async throws {
            honest = try CannedUpstream("honest")
            attacker = try CannedUpstream("attacker")
            issuer = try await TestIssuer(
                resources: TestIssuer.resources(with: honest.resource(), attacker.resource(members)),
                database: TestDatabase(engine), fetcher: CannedNetwork(honest, attacker))
            try await issuer.link("alice", to: "honest")
            try await issuer.link("bob", to: "attacker")
        }
    }

    private func replacing(_ name: String, _ value: String?, in parameters: [(String, String)]) -> [(String, String)] {
        parameters.filter { $0.0 != name } + (value.map { [(name, $0)] } ?? [])
    }

    @Test("mix-up: a response with the iss of another upstream, or without the promised one, is refused")
    func mixUp() async throws {
        let scene = try await Scene()
        for issuer in [scene.honest.issuer, "https://attacker.example/", "", nil] {
            let visitor = UpstreamVisitor(scene.issuer, at: "attacker")
            let answer = try await scene.attacker.authorize(visitor.leave())
            let back = try await visitor.comeBack(replacing("iss", issuer, in: answer))
            #expect(back.upstreamProblem == "invalid")
        }
        #expect(scene.attacker.asked("/token").isEmpty)
        #expect(scene.honest.asked("/token").isEmpty)
    }

    @Test("mix-up: an error response is checked as well")
    func mixUpWithError() async throws {
        let scene = try await Scene()
        let visitor = UpstreamVisitor(scene.issuer, at: "honest")
        let state = try parameters(of: await visitor.leave()).required("state")
        let back = try await visitor.comeBack([
            ("error", "access_denied"), ("state", state), ("iss", scene.attacker.issuer),
        ])
        #expect(back.upstreamProblem == "invalid")
    }

    @Test("mix-up: the response of one upstream is refused at the callback of another, and no code is sent anywhere")
    func otherCallback() async throws {
        let scene = try await Scene(attacker: ["issuer": "https://attacker.example"])
        scene.attacker.change { $0.metadata = ["authorization_response_iss_parameter_supported": false] }
        let visitor = UpstreamVisitor(scene.issuer, at: "honest")
        let location = try await visitor.leave()
        let answer = replacing("iss", nil, in: try scene.honest.authorize(location))
        // The cookie's path keeps it from this callback. The test sends it anyway.
        let back = try await visitor.comeBack(answer, to: "/upstream/attacker/callback")
        #expect(back.upstreamProblem == "invalid")
        #expect(scene.attacker.asked("/token").isEmpty)
        #expect(scene.honest.asked("/token").isEmpty)
        #expect(visitor.browser.cookie("session") == nil)
    }

    @Test("mix-up: upstreams without iss are told apart by their redirect URIs")
    func ownRedirectURIs() async throws {
        let scene = try await Scene()
        let honest = try parameters(of: await UpstreamVisitor(scene.issuer, at: "honest").leave())["redirect_uri"]
        let attacker = try parameters(of: await UpstreamVisitor(scene.issuer, at: "attacker").leave())["redirect_uri"]
        #expect(honest == "https://id.example.com/upstream/honest/callback")
        #expect(attacker == "https://id.example.com/upstream/attacker/callback")
    }

    @Test("code injection: a code that was issued for another browser is refused by PKCE, and by the nonce without it")
    func codeInjection() async throws {
        let scene = try await Scene()
        let victim = UpstreamVisitor(scene.issuer, at: "honest")
        let stolen = try await scene.honest.authorize(victim.leave())
        let thief = UpstreamVisitor(scene.issuer, at: "honest")
        let location = try await thief.leave()
        let own = try scene.honest.authorize(location)
        let injected = replacing("code", stolen.first { $0.0 == "code" }?.1, in: own)
        #expect(try await thief.comeBack(injected).upstreamProblem == "invalid")
        #expect(thief.browser.cookie("session") == nil)

        // An upstream that ignores PKCE still puts the nonce of the victim's request into the ID Token.
        let nonce = try parameters(of: await victim.leave()).required("nonce")
        scene.honest.change { $0.claims = ["nonce": .string(nonce)] }
        #expect(try await thief.comeBack(scene.honest.authorize(thief.leave())).upstreamProblem == "invalid")
        #expect(thief.browser.cookie("session") == nil)
    }

    @Test("a state works once, on all nodes and under a race", arguments: TestEngine.allCases)
    func replay(_ engine: TestEngine) async throws {
        let scene = try await Scene(engine)
        let visitor = UpstreamVisitor(scene.issuer, at: "honest")
        let answer = try await scene.honest.authorize(visitor.leave())
        let query = FormEncoding.encode(answer.map { (name: $0.0, value: $0.1) })
        let browsers = (0..<8).map { _ in visitor.browser.copy() }
        let responses = try await race(8) { number in
            try await browsers[number].request(.get, "/upstream/honest/callback", query: query)
        }
        #expect(responses.count { $0.upstreamProblem == nil } == 1)
        #expect(responses.count { $0.upstreamProblem == "lost" } == 7)
        #expect(browsers.count { $0.cookie("session") != nil } == 1)
        #expect(scene.honest.asked("/token").count == 1)
        // The winner's browser no longer has the attempt.
        let winner = try #require(browsers.first { $0.cookie("session") != nil })
        #expect(!winner.cookieHeader.contains("martlet-upstream-"))
        #expect(try await winner.request(.get, "/upstream/honest/callback", query: query).status == .gone)
    }

    @Test("a foreign, invented or missing state is refused, and no code is sent")
    func foreignState() async throws {
        let scene = try await Scene()
        let visitor = UpstreamVisitor(scene.issuer, at: "honest")
        let answer = try await scene.honest.authorize(visitor.leave())
        let state = try #require(answer.first { $0.0 == "state" }?.1)
        let others = ["", "x", String(state.prefix(16)), String(state.prefix(42)) + "A", state + "A"]
        for other in others where other != state {
            let back = try await visitor.comeBack(replacing("state", other, in: answer))
            #expect(back.status == (other.isEmpty ? .badRequest : .gone), "\(other)")
        }
        let stranger = UpstreamVisitor(scene.issuer, at: "honest")
        _ = try await stranger.leave()
        #expect(try await stranger.comeBack(answer).status == .gone)
        #expect(scene.honest.asked("/token").isEmpty)
        // The attempt itself is unharmed.
        #expect(try await visitor.comeBack(answer).upstreamProblem == nil)
    }

    @Test("login CSRF: an attacker's response does not sign in a victim, even with the attacker's cookie planted")
    func loginCSRF() async throws {
        let scene = try await Scene()
        let attacker = UpstreamVisitor(scene.issuer, at: "honest")
        let answer = try await scene.honest.authorize(attacker.leave())
        let victim = UpstreamVisitor(scene.issuer, at: "honest")
        _ = try await victim.leave()
        #expect(try await victim.comeBack(answer).status == .gone)
        for cookie in attacker.browser.cookieHeader.split(separator: "; ") where cookie.contains("martlet-upstream-") {
            victim.browser.add(cookie: String(cookie))
        }
        let back = try await victim.comeBack(answer)
        #expect(back.upstreamProblem == "lost")
        #expect(try await victim.browser.follow(back).status == .gone)
        #expect(victim.browser.cookie("session") == nil)
        #expect(scene.honest.asked("/token").isEmpty)
    }

    @Test("an attacker's account is not linked to a victim's: the attempt works only in the session that began it")
    func linkingCSRF() async throws {
        let scene = try await Scene()
        scene.attacker.change { $0.subject = "u-9" }
        let (attacker, victim) = (
            UpstreamVisitor(scene.issuer, at: "attacker"), UpstreamVisitor(scene.issuer, at: "attacker")
        )
        _ = try await attacker.browser.authorize(Browser.webRequest(), as: "alice", password: "correct horse")
        let answer = try await scene.attacker.authorize(attacker.leaveToLink())
        // Another session of the same user, which is not enough either.
        _ = try await victim.browser.authorize(Browser.webRequest(), as: "alice", password: "correct horse")
        for cookie in attacker.browser.cookieHeader.split(separator: "; ") where cookie.contains("martlet-upstream-") {
            victim.browser.add(cookie: String(cookie))
        }
        let back = try await victim.comeBack(answer)
        #expect(back.upstreamProblem == "lost")
        #expect(back.headers[.location]?.hasPrefix("/account/") == true)
        #expect(scene.attacker.asked("/token").isEmpty)
        let linked = try await scene.issuer.link(to: "attacker", subject: "u-9")
        #expect(linked == nil)
    }

    @Test("a signed-in user links an account, once they have seen whose it is")
    func linking() async throws {
        let scene = try await Scene()
        scene.attacker.change { $0.subject = "u-9" }
        let visitor = UpstreamVisitor(scene.issuer, at: "attacker")
        _ = try await visitor.browser.authorize(Browser.webRequest(), as: "alice", password: "correct horse")
        let back = try await visitor.comeBack(scene.attacker.authorize(visitor.leaveToLink()))
        #expect(back.status == .seeOther)
        #expect(back.upstreamProblem == nil)
        let page = try await visitor.browser.follow(back).page()
        guard case .text(let offer)? = page.object("candidate")["offer"] else { throw Unexpected("no question") }
        _ = try await visitor.browser.submit(page, [("offer", offer), ("action", "add")])
        let alice = try #require(try await scene.issuer.stores.users.find(named: "alice"))
        let linked = try await scene.issuer.link(to: "attacker", subject: "u-9")
        #expect(linked?.user == alice.id)
    }

    @Test("repeated parameters are refused")
    func repeated() async throws {
        let scene = try await Scene()
        let visitor = UpstreamVisitor(scene.issuer, at: "honest")
        let answer = try await scene.honest.authorize(visitor.leave())
        for name in ["code", "state", "iss"] {
            let value = try #require(answer.first { $0.0 == name }?.1)
            #expect(try await visitor.comeBack(answer + [(name, value)]).status == .badRequest)
        }
    }

    @Test(
        "an error response leads back to the sign-in page with a reason",
        arguments: [
            ("access_denied", "denied"), ("login_required", "denied"), ("interaction_required", "denied"),
            ("user_cancelled_authorize", "denied"), ("temporarily_unavailable", "unavailable"),
            ("server_error", "unavailable"), ("unmet_authentication_requirements", "weak"),
            ("invalid_request", "invalid"), ("unauthorized_client", "invalid"), ("<script>", "invalid"),
        ])
    func errors(_ error: String, reason: String) async throws {
        let scene = try await Scene()
        let visitor = UpstreamVisitor(scene.issuer, at: "honest")
        let state = try parameters(of: await visitor.leave()).required("state")
        let back = try await visitor.comeBack([
            ("error", error), ("error_description", "<b>"), ("state", state), ("iss", scene.honest.issuer),
        ])
        #expect(back.headers[.location]?.hasPrefix("/sign-in?interaction=") == true)
        #expect(back.headers[.location]?.hasSuffix("&problem=upstream_\(reason)&upstream=honest") == true)
        #expect(try await visitor.browser.follow(back).page().template == "sign-in")
        let records = try await scene.issuer.recorded().filter { $0.event == "upstream_refused" }
        #expect(records.map { $0.details["reason"]?.string } == [reason])
        #expect(records.map { $0.details["upstream"]?.string } == ["honest"])
        #expect(records.map(\.client) == ["web"])
    }

    @Test("a response with neither code nor error is refused")
    func neither() async throws {
        let scene = try await Scene()
        let visitor = UpstreamVisitor(scene.issuer, at: "honest")
        let answer = try await scene.honest.authorize(visitor.leave())
        #expect(try await visitor.comeBack(replacing("code", nil, in: answer)).upstreamProblem == "invalid")
    }

    @Test("the log says which rule was broken, and never has a code, token, nonce, claim or secret")
    func log() async throws {
        let scene = try await Scene()
        scene.honest.change {
            $0.claims = ["email": "private@honest.example"]
            $0.userInfo = ["sub": "u-2"]
        }
        let visitor = UpstreamVisitor(scene.issuer, at: "honest")
        let location = try await visitor.leave()
        let answer = try scene.honest.authorize(location)
        let sent = try parameters(of: location)
        let log = InMemoryLogHandler()
        var logger = Logger(label: "test") { _ in log }
        logger.logLevel = .trace
        let back = try await withLogger(logger) { _ in try await visitor.comeBack(answer) }
        #expect(back.upstreamProblem == "invalid")
        let entry = try #require(log.entries.first { $0.message == "sign-in at an upstream failed" })
        #expect(entry.metadata["upstream"] == "honest")
        #expect(entry.metadata["reason"] == "invalid")
        #expect(entry.metadata["cause"] == "sub of the userinfo response is not that of the ID Token")
        let text = log.entries.map { "\($0.message) \($0.metadata)" }.joined()
        let secrets = answer.filter { $0.0 != "iss" }.map(\.1) + [sent["nonce"] ?? "", "access-1", "private@"]
        for secret in secrets + ["upstream-secret", "u-2"] { #expect(!text.contains(secret), "\(secret)") }
    }
}
