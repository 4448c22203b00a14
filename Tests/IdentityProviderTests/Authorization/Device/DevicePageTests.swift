import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 8628 §3.3: the pages that connect a device")
struct DevicePageTests {
    @Test("RFC8628-005: the page asks for the code, after sign-in")
    func asks() async throws {
        let scene = try await DeviceScene()
        let page = try await scene.browser().get("/device").page()
        #expect(page.template == "device")
        #expect(page.text("user_code") == "")
        #expect(page.data["is_prefilled"] == false)
        // Without a session, a code is not even looked up.
        let codes = try await scene.codes()
        let stranger = Browser(scene.issuer)
        let shown = try await stranger.get("/device", [("user_code", codes.user)]).page()
        #expect(shown.template == "sign-in")
        let posted = try await stranger.request(.post, "/device", form: [("user_code", codes.user)])
        #expect(posted.status == .forbidden)
    }

    @Test("RFC8628-006: the code of a complete address is shown, to be compared with the device's, and not submitted")
    func complete() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes()
        let browser = Browser(scene.issuer, at: DeviceScene.living)
        // The code survives the sign-in.
        let signIn = try await browser.get("/device", [("user_code", codes.user)]).page()
        let page = try await browser.submit(signIn, [("username", "alice"), ("password", "correct horse")]).page()
        #expect(page.template == "device")
        #expect(page.text("user_code") == codes.user)
        #expect(page.data["is_prefilled"] == true)
        #expect(try await scene.error(codes) == "authorization_pending")
        let approval = try await browser.submit(page, [("user_code", codes.user)]).page()
        #expect(approval.template == "approve-device")
        // What isn't a code isn't shown.
        let other = try await browser.get("/device", [("user_code", "<script>")]).page()
        #expect(other.text("user_code") == "" && other.data["is_prefilled"] == false)
    }

    @Test(
        "RFC8628-011 RFC10027-015: the approval page says what asks, from where, with what, since when, and for what"
    )
    func approval() async throws {
        let scene = try await DeviceScene(tv: ["logo_uri": "https://tv.example/logo.png"], geolocator: TwoCountries())
        let headers: HTTPFields = [.userAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0 <b>Your bank</b>"]
        let answer = try await scene.ask([("scope", "openid orders.read")], headers: headers).json()
        let code = try #require(answer["user_code"]?.string)
        let page = try await scene.enter(code, in: scene.browser())
        #expect(page.template == "approve-device")
        #expect(page.text("user_code") == code)
        #expect(page.text("address") == "192.0.2.7 (Munich, DE)")
        #expect(page.text("browser") == "Firefox, Linux")
        guard case .object(let client)? = page.data["client"], case .list(let access)? = page.data["requested_access"],
            case .time(let started, _)? = page.data["started"]
        else { throw Unexpected("the page lacks what asks, when or for what") }
        #expect(client["name"] == "Television")
        #expect(client["logo_uri"] == "https://tv.example/logo.png")
        #expect(page.imageSources == ["https://tv.example/logo.png"])
        #expect(access.count == 2)
        #expect(started == scene.issuer.clock.now)
        #expect(page.data["is_same_network"] == true)
        // A program's own words are not repeated.
        let other = try await scene.ask(headers: [.userAgent: "Your bank"]).json()["user_code"]?.string
        #expect(try await scene.enter(#require(other), in: scene.browser()).data["browser"] == nil)
    }

    @Test(
        "RFC10027-002 RFC10027-005: a device in another network or country is pointed out, and recorded",
        arguments: [
            ("192.0.2.7", "same_network"), ("192.0.2.200", "same_network"), ("193.0.2.7", "other_network"),
            ("198.51.100.7", "other_country"), ("203.0.113.7", "other_network"), ("2001:db8::1", "other_network"),
        ])
    func place(_ address: String, _ place: String) async throws {
        let scene = try await DeviceScene(geolocator: TwoCountries())
        let (approved, denied) = (try await scene.codes(), try await scene.codes())
        let browser = try await scene.browser(at: address)
        let page = try await scene.enter(approved.user, in: browser)
        #expect(page.data.keys.filter { $0.hasPrefix("is_") } == ["is_\(place)"])
        _ = try await browser.submit(page, [("decision", "allow")])
        try await scene.answer(denied, "deny", in: browser)
        let records = try await scene.events("device_approved", "device_denied")
        #expect(records.map { $0.details["place"]?.string } == [place, place])
    }

    @Test("two loopback addresses are one place")
    func loopback() {
        #expect(DevicePlace(of: "127.0.0.1", seenFrom: "::1", NoGeolocation()) == .sameNetwork)
        #expect(DevicePlace(of: "127.0.0.1", seenFrom: "192.0.2.1", NoGeolocation()) == .otherNetwork)
    }

    @Test(
        "RFC10027-007 RFC10027-008: a code is good for one answer; another use is refused, like a wrong code, and an alarm",
        arguments: ["allow", "deny"])
    func once(_ decision: String) async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes()
        let browser = try await scene.browser()
        let page = try await scene.enter(codes.user, in: browser)
        // Looking at the page again does no harm.
        #expect(try await scene.enter(codes.user, in: browser).template == "approve-device")
        _ = try await browser.submit(page, [("decision", decision)])
        #expect(try await scene.enter(codes.user, in: browser).hasError("code"))
        let late = try await browser.submit(page, [("decision", "allow")]).page()
        #expect(late.hasError("lost"))
        let records = try await scene.events("device_code_reused")
        #expect(records.map(\.outcome) == [.alarm] && records.map(\.client) == ["tv"])
        let wrong = try await scene.enter("BCDF-GHJK", in: browser)
        #expect(wrong.hasError("code"))
    }

    @Test("a form without a decision, and one of another browser or session, answers nothing")
    func forms() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes()
        let (alice, bob) = (try await scene.browser(), try await scene.browser())
        let page = try await scene.enter(codes.user, in: alice)
        #expect(try await alice.submit(page, []).status == .badRequest)
        let form = [
            ("form_token", page.text("form_token")), ("request", page.text("request")), ("decision", "allow"),
        ]
        #expect(try await bob.request(.post, "/device/approve", form: form).status == .forbidden)
        #expect(try await scene.error(codes) == "authorization_pending")
    }

    @Test("the address of an approval page leads nobody else past the code")
    func otherSession() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes()
        let page = try await scene.enter(codes.user, in: scene.browser())
        let victim = try await scene.browser()
        for request in [page.text("request"), "forged", ""] {
            let shown = try await victim.get("/device/approve", [("request", request)]).page()
            #expect(shown.template == "device")
            #expect(shown.text("user_code") == "")
        }
    }

    @Test("a user whom an attacker tricked can revoke the device's access")
    func tricked() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes([("scope", "openid offline_access")], from: "198.51.100.66")
        let browser = try await scene.approve(codes)
        let token = try #require(try await scene.poll(codes).json()["access_token"]?.string)
        let bearer: HTTPFields = [.authorization: "Bearer \(token)"]
        #expect(try await scene.issuer.send(.get, "/userinfo", headers: bearer).status == .ok)
        let page = try await browser.get("/account").page()
        let form = [("form_token", page.text("form_token")), ("client_id", "tv")]
        _ = try await browser.request(.post, "/account/applications", form: form)
        #expect(try await scene.issuer.send(.get, "/userinfo", headers: bearer).status == .unauthorized)
    }

    @Test("the demands of the client on a sign-in hold for the approval")
    func stepUp() async throws {
        let scene = try await DeviceScene(tv: ["minimum_acr": "urn:martlet:acr:2"])
        let codes = try await scene.codes()
        let browser = Browser(scene.issuer)
        let page = try await browser.get("/device").page()
        let second = try await browser.submit(page, [("username", "bob"), ("password", "battery staple")]).page()
        // Bob always shows his second factor, and alice has none yet.
        #expect(second.template == "second-factor")
        let alice = try await scene.browser()
        #expect(try await scene.enter(codes.user, in: alice).template != "approve-device")
        #expect(try await scene.error(codes) == "authorization_pending")
    }

    @Test("the audit log explains an approval, and the account page lists it")
    func listed() async throws {
        let scene = try await DeviceScene()
        let browser = try await scene.approve(scene.codes())
        try await scene.issuer.audit.flush()
        let page = try await browser.get("/account").page()
        guard case .list(let activity)? = page.data["activity"] else { throw Unexpected("no activity") }
        #expect("\(activity)".contains("activity_device_approved"))
        let record = try #require(try await scene.events("device_approved").first)
        #expect(record.user != nil && record.session != nil && record.client == "tv")
    }
}

@Suite("RFC 8628 §5.1: guessing user codes", .timeLimit(.minutes(5)))
struct UserCodeGuessTests {
    @Test(
        "RFC8628-009: an account makes ten wrong guesses, then one a minute, on all nodes",
        arguments: TestEngine.allCases)
    func account(_ engine: TestEngine) async throws {
        let (clock, database) = (TestClock(), try await TestDatabase(engine))
        let nodes = [
            try await DeviceScene(clock: clock, database: database),
            try await DeviceScene(clock: clock, database: database),
        ]
        let codes = try await nodes[0].codes()
        for number in 0..<10 {
            let scene = nodes[number % 2]
            // Each from another address.
            let page = try await scene.enter("BCDF-GHJK", in: scene.browser(at: "203.0.\(number).1"))
            #expect(page.hasError("code"))
        }
        for scene in nodes {
            let browser = try await scene.browser(at: "198.51.100.1")
            let form = try await browser.get("/device").page()
            let late = try await browser.submit(form, [("user_code", codes.user)])
            #expect(late.status == .tooManyRequests)
            #expect(late.headers[.retryAfter] != nil)
            #expect(try late.page().hasError("throttled"))
        }
        try await nodes[1].issuer.audit.flush()
        #expect(try await nodes[0].events("device_code_refused").count == 12)
        clock.advance(by: 61)
        #expect(try await nodes[1].enter(codes.user, in: nodes[1].browser()).template == "approve-device")
    }

    @Test("concurrent guesses of one account are limited as well")
    func atOnce() async throws {
        let scene = try await DeviceScene()
        let browser = try await scene.browser()
        let form = try await browser.get("/device").page()
        let pages = try await race(100) { _ in
            try await browser.submit(form, [("user_code", "BCDF-GHJK")]).page()
        }
        #expect(pages.count { $0.hasError("code") } <= 5)
        #expect(pages.count { $0.hasError("throttled") } >= 95)
    }

    @Test("RFC8628-009: guessing from many addresses and accounts at once meets the limit for everyone")
    func manyAddresses() async throws {
        let scene = try await DeviceScene()
        let guesses = UserCodeGuesses(scene.issuer.core)
        func request(_ number: Int) throws -> Request {
            try Request(
                method: .post, path: "/device",
                remoteAddress: "203.\(number / 65_536).\(number / 256 % 256).\(number % 256)")
        }
        var (admittedOfAll, number) = (0, 0)
        // Each guess by another account in another network.
        while number < 1_200 {
            let (user, from) = (Identifier<User>(rawValue: "user-\(number)"), try request(number * 256))
            number += 1
            guard try await guesses.wait(user, from) == nil else { continue }
            admittedOfAll += 1
            try await guesses.failed(user, from)
        }
        #expect((1_000...1_001).contains(admittedOfAll))
        // One network alone meets its own limit long before.
        let fresh = try await DeviceScene()
        let others = UserCodeGuesses(fresh.issuer.core)
        var admitted = 0
        for number in 0..<200 {
            let (user, from) = (Identifier<User>(rawValue: "user-\(number)"), try request(number))
            guard try await others.wait(user, from) == nil else { continue }
            admitted += 1
            try await others.failed(user, from)
        }
        #expect((60...61).contains(admitted))
    }

    @Test("what can't be a code tells nothing, and isn't counted")
    func malformed() async throws {
        let scene = try await DeviceScene()
        let browser = try await scene.browser()
        for _ in 0..<30 { #expect(try await scene.enter("AEIOU", in: browser).hasError("code")) }
        #expect(try await scene.enter(scene.codes().user, in: browser).template == "approve-device")
    }

    @Test("RFC10027-013: a user approves ten devices an hour", arguments: TestEngine.allCases)
    func approvals(_ engine: TestEngine) async throws {
        let scene = try await DeviceScene(engine)
        let browser = try await scene.browser()
        for _ in 0..<10 {
            #expect(try await scene.answer(scene.codes(), "allow", in: browser).template == "done")
            scene.issuer.clock.advance(by: 3)
        }
        let codes = try await scene.codes()
        let page = try await scene.answer(codes, "allow", in: browser)
        #expect(page.template == "approve-device" && page.hasError("too_many"))
        #expect(try await scene.error(codes) == "authorization_pending")
        // Denying is always possible, and so is the next hour.
        #expect(try await scene.answer(codes, "deny", in: browser).text("title") == "text.device_denied_title")
        scene.issuer.clock.advance(by: 3_600)
        #expect(
            try await scene.answer(scene.codes(), "allow", in: browser).text("title") == "text.device_approved_title")
    }
}
