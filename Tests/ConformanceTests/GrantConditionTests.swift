import Foundation
import Testing

@testable import Conformance

@Suite("Conditions on devices, accounts and authorization details accept what is valid, and each can fail")
struct GrantConditionTests {
    private func answer(_ status: Int, _ headers: [(String, String)] = [], _ body: String = "") -> WebAnswer {
        WebAnswer(status: status, headers: headers.map { Parameter($0.0, $0.1) }, body: Array(body.utf8))
    }

    private func page(_ html: String, status: Int = 200) -> ShownPage {
        ShownPage(address: WebAddress("https://id.example.com/page"), answer: answer(status, [], html))
    }

    private static let question =
        "<form method=post><button name=d value=deny>Deny</button><button>Allow</button></form>"
    private static let chooser = """
        <form method=post><input type=hidden name=t value=1>
        <button name=account value=a1>Alice Liddell <small>alice</small></button>
        <button name=sign_out value=a1>Sign out</button><button name=account value=b1>Bob bob</button>
        <button name=other value=yes>Use another account</button></form>
        """

    // Devices

    private func device(
        status: Int = 200, _ change: (inout [String: JSON]) -> Void = { _ in }
    ) -> DeviceAnswer {
        var members: [String: JSON] = [
            "device_code": .string(Evidence.code), "user_code": "BCDF-GHJK",
            "verification_uri": "https://id.example.com/device",
            "verification_uri_complete": "https://id.example.com/device?user_code=BCDF-GHJK", "expires_in": 600,
            "interval": 5,
        ]
        change(&members)
        return DeviceAnswer(answer: Evidence.json(members, status: status))
    }

    @Test("conditions on device authorization responses")
    func devices() {
        typealias On = DeviceConditions
        let stored = DeviceAnswer(
            answer: answer(200, [("Content-Type", "application/json")], device().answer.text))
        each(
            On.shared, good: device(),
            bad: [
                (On.succeeds, device(status: 400)), (On.succeeds, device { $0["user_code"] = nil }),
                (On.isNotStored, stored),
                (On.hasPage, device { $0["verification_uri"] = "https://id.example.com/device?c=BCDF-GHJK" }),
                (On.hasPage, device { $0["verification_uri"] = "/device" }),
                (On.hasCompletePage, device { $0["verification_uri_complete"] = "https://id.example.com/device" }),
                (On.hasLifetime, device { $0["expires_in"] = 5 }),
                (On.hasLifetime, device { $0["expires_in"] = 86_400 }),
                (On.hasInterval, device { $0["interval"] = "5" }), (On.hasInterval, device { $0["interval"] = 0 }),
                (On.hasUnguessableCode, device { $0["device_code"] = "12345678" }),
                (On.hasTypableCode, device { $0["user_code"] = "ÄÖ€¡¿§±≠" }),
                (On.hasEnoughUserCode, device { $0["user_code"] = "1234-5678" }),
            ])
        let other = device { ($0["user_code"], $0["device_code"]) = ("LMNP-QRST", "another") }
        each([On.areDistinct], good: [device(), other], bad: [(On.areDistinct, [device(), device()])])
        let confusing = device { $0["user_code"] = "0ODF-GHJK" }
        each([On.haveNoLookAlikes], good: [device(), other], bad: [(On.haveNoLookAlikes, [confusing])])
        each([On.isThrottled], good: 10, bad: [(On.isThrottled, 31)])
        #expect(On.plain("bc-DF 12") == "bcDF12")
    }

    @Test("conditions on the pages for devices")
    func devicePages() {
        typealias On = DeviceConditions
        let name = On.shows("Television", "the name", "§1")
        each(
            [On.asks, On.canBeDenied, name], good: page("<p>Television</p>" + Self.question),
            bad: [
                (On.asks, page("<p>Connected")),
                (On.canBeDenied, page("<form method=post><button>Allow</button></form>")),
                (On.canBeDenied, page("<p>")), (name, page(Self.question)),
            ])
        let prefilled = On.shows("BCDF-GHJK", "the code", "§1")
        let form = "<form method=post><input name=user_code value=BCDF-GHJK><button>Continue</button></form>"
        each([prefilled], good: page(form), bad: [(prefilled, page("<p>"))])
        each([On.asksNothing], good: page(form), bad: [(On.asksNothing, page(Self.question))])
        each(
            [DeviceModules.leadsToQuestion], good: page(Self.question),
            bad: [(DeviceModules.leadsToQuestion, page(form))])
        each(
            [DeviceModules.asksInOrder], good: [.signIn, .deviceCode, .question],
            bad: [(DeviceModules.asksInOrder, [.question, .deviceCode]), (DeviceModules.asksInOrder, [.signIn])])
        each(
            [DeviceModules.saysTheSame], good: ["a", "a"], bad: [(DeviceModules.saysTheSame, ["a", "b"])])
        each([DeviceModules.isNotServed], good: answer(405), bad: [(DeviceModules.isNotServed, answer(200))])
    }

    @Test("a user types the code of a device, chooses their account, or adds it")
    func filling() throws {
        func form(_ html: String) throws -> HTMLForm { try #require(HTMLForm.all(in: html).first) }
        var alice = Person(Account(username: "alice", password: "secret"))
        let code = try form("<form method=post><input type=hidden name=t value=1><input name=user_code></form>")
        #expect(code.kind == .deviceCode)
        #expect(code.filled(by: alice, PageHabits(), at: 0) == nil)
        alice.userCode = "BCDF-GHJK"
        #expect(
            code.filled(by: alice, PageHabits(), at: 0) == [Parameter("t", "1"), Parameter("user_code", "BCDF-GHJK")])
        let chooser = try form(Self.chooser)
        #expect(chooser.kind == .accountChooser)
        func chosen(_ name: String) -> [Parameter]? {
            chooser.filled(by: Person(Account(username: name, password: "")), PageHabits(), at: 0)
        }
        #expect(chosen("alice") == [Parameter("t", "1"), Parameter("account", "a1")])
        #expect(chosen("bob") == [Parameter("t", "1"), Parameter("account", "b1")])
        #expect(chosen("ali") == [Parameter("t", "1"), Parameter("other", "yes")])
        #expect(try form(Self.question).kind == .question)
    }

    // Accounts

    private func signedIn(_ change: (inout [String: JSON]) -> Void = { _ in }) throws -> SignedIn {
        SignedIn(
            answer: try Evidence.answer(), code: Evidence.code, tokens: Evidence.tokens(),
            idToken: try Evidence.idToken(change).token, accessToken: Evidence.token)
    }

    @Test("conditions on account choosers")
    func accounts() throws {
        typealias On = AccountConditions
        each([On.offers], good: [.accountChooser], bad: [(On.offers, [.signIn]), (On.offers, [])])
        each([On.signsIn], good: [.accountChooser, .signIn], bad: [(On.signsIn, [.accountChooser])])
        each([On.areDifferent], good: ["a", "b"], bad: [(On.areDifferent, ["a", "a"])])
        let owner = try signedIn()
        let (isAbout, keepsTime) = (On.isAbout(owner), On.keepsTime(of: owner))
        each(
            [isAbout, keepsTime], good: owner,
            bad: [
                (isAbout, try signedIn { $0["sub"] = "x" }),
                (keepsTime, try signedIn { $0["auth_time"] = .number(Evidence.now) }),
            ])
        let (lists, nothing) = (On.lists(["alice", "bob"]), On.tellsNothing(about: ["alice", "bob"]))
        each([lists], good: "alice bob", bad: [(lists, "alice")])
        each([nothing], good: "Sign in", bad: [(nothing, "Welcome back alice")])
        each([On.saysTheSame], good: ["code", "code"], bad: [(On.saysTheSame, ["code", "login_required"])])
    }

    @Test("conditions on where choosers and sign-up lead")
    func arrivals() {
        typealias On = AccountConditions
        func at(_ page: ShownPage?) -> Arrival {
            let place =
                page.map { Arrival.Place.page($0) } ?? .landing(Landing(address: WebAddress("https://rp.example/")))
            return Arrival(place: place, visited: [], exchange: 1)
        }
        each([On.leadsNowhere], good: at(page("<p>")), bad: [(On.leadsNowhere, at(nil))])
        each(
            [On.isRefused], good: at(page("<p>", status: 400)),
            bad: [(On.isRefused, at(page("<p>"))), (On.isRefused, at(nil))])
        let signIn = "<form method=post><input name=user><input type=password name=password></form>"
        each(
            [On.offersSignUp], good: at(page("<form method=post><input name=email type=email></form>")),
            bad: [(On.offersSignUp, at(page(signIn))), (On.offersSignUp, at(nil))])
    }

    // Authorization details

    @Test("conditions on authorization details")
    func details() throws {
        typealias On = DetailConditions
        let details: JSON = [["type": "payment", "actions": ["initiate"]]]
        let grants = On.grants(details)
        each(
            [grants], good: Evidence.json(["authorization_details": details]),
            bad: [
                (grants, Evidence.json([:])),
                (grants, Evidence.json(["authorization_details": [["type": "payment"]]])),
            ])
        let lists = On.lists(["payment"])
        each(
            [lists], good: try Evidence.metadata { $0["authorization_details_types_supported"] = ["payment"] },
            bad: [
                (lists, try Evidence.metadata()),
                (lists, try Evidence.metadata { $0["authorization_details_types_supported"] = ["other"] }),
            ])
        let carries = On.carries(details)
        let token = try Evidence.idToken { $0["authorization_details"] = details }.token
        each([carries], good: token, bad: [(carries, try Evidence.idToken().token)])
        each(
            [On.escapes], good: answer(200, [], "&lt;script&gt;alert(1)"),
            bad: [(On.escapes, answer(200, [], "<script>alert(1)</script>"))])
        each([On.isPushed], good: answer(201), bad: [(On.isPushed, answer(400))])
    }
}
