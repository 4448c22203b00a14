import Foundation
import Testing

@testable import Conformance

@Suite("Conditions of Martlet's own modules accept valid responses, and each can fail")
struct OwnConditionTests {
    private func answer(_ status: Int, _ headers: [(String, String)] = [], _ body: String = "") -> WebAnswer {
        WebAnswer(status: status, headers: headers.map { Parameter($0.0, $0.1) }, body: Array(body.utf8))
    }

    private func arrival(_ address: String? = nil, html: String = "<p>x", visited: [PageKind] = []) -> Arrival {
        let page = ShownPage(address: WebAddress("https://id.example.com/x"), answer: answer(200, [], html))
        return Arrival(
            place: address.map { .landing(Landing(address: WebAddress($0))) } ?? .page(page), visited: visited,
            exchange: 1)
    }

    private func signedIn(_ change: (inout [String: JSON]) -> Void = { _ in }) throws -> SignedIn {
        SignedIn(
            answer: try Evidence.answer(), code: Evidence.code, tokens: Evidence.tokens(),
            idToken: try Evidence.idToken(change).token, accessToken: Evidence.token)
    }

    @Test("conditions on races")
    func races() {
        let (won, lost) = (answer(200), answer(400))
        each(
            [RaceModules.oneWins, RaceModules.someWin], good: [won, lost, lost],
            bad: [
                (RaceModules.oneWins, [won, won, lost]), (RaceModules.oneWins, [lost, lost]),
                (RaceModules.someWin, [lost, lost]),
            ])
        each([RaceModules.endsWithItsTwin], good: lost, bad: [(RaceModules.endsWithItsTwin, won)])
    }

    @Test("conditions on codes and their binding")
    func codes() {
        let refused = Evidence.json(["error": "invalid_grant"], status: 400)
        each(
            [CodeModules.isRefused, CodeModules.tokenIsRevoked, BindingModules.expires], good: refused,
            bad: [
                (CodeModules.isRefused, answer(200)), (CodeModules.tokenIsRevoked, answer(200)),
                (CodeModules.tokenIsRevoked, answer(500)), (BindingModules.expires, answer(200)),
            ])
        each(
            [BindingModules.stillWorks, TokenAnswerConditions.succeeds], good: answer(200),
            bad: [(BindingModules.stillWorks, refused), (TokenAnswerConditions.succeeds, refused)])
    }

    @Test("conditions on refreshes")
    func refreshes() throws {
        typealias On = RefreshConditions
        func evidence(
            token: String = "another", _ change: (inout [String: JSON]) -> Void = { _ in }
        ) throws -> RefreshEvidence {
            RefreshEvidence(
                before: try signedIn(), tokens: Evidence.tokens { $0["access_token"] = .string(token) },
                idToken: try Evidence.idToken(change).token)
        }
        func keeps(_ claim: String) -> Condition<RefreshEvidence> {
            On.all.first { $0.name.hasSuffix("keeps \(claim)") } ?? On.isNew
        }
        each(
            On.all, good: try evidence(),
            bad: [
                (On.isNew, try evidence(token: Evidence.token)),
                (On.keepsNonce, try evidence { $0["nonce"] = "other" }),
                (On.isNotOlder, try evidence { $0["iat"] = .number(Evidence.now - 1) }),
                (keeps("iss"), try evidence { $0["iss"] = "x" }), (keeps("sub"), try evidence { $0["sub"] = "x" }),
                (keeps("aud"), try evidence { $0["aud"] = "x" }),
                (keeps("auth_time"), try evidence { $0["auth_time"] = nil }),
                (On.gainsNoParty, try evidence { $0["azp"] = "web" }),
            ])
        each(
            [RefreshModules.isPromised],
            good: try Evidence.metadata { $0["grant_types_supported"] = ["refresh_token"] },
            bad: [
                (RefreshModules.isPromised, try Evidence.metadata()),
                (RefreshModules.isPromised, try Evidence.metadata { $0["grant_types_supported"] = nil }),
            ])
    }

    @Test("conditions on signing in again")
    func again() throws {
        typealias On = ReauthenticationConditions
        func both(_ second: @escaping (inout [String: JSON]) -> Void, later: Double = 0) throws -> TwoSignIns {
            TwoSignIns(first: try signedIn(), second: try signedIn(second), now: Evidence.now + later)
        }
        let later = try both { $0["auth_time"] = .number(Evidence.now - 1) }
        let same = try both { _ in }
        let without = try both { $0["auth_time"] = nil }
        each(
            [On.isSamePerson, On.isLater, On.haveTime, On.hasTime, On.isRecent], good: later,
            bad: [
                (On.isSamePerson, try both { $0["sub"] = "x" }), (On.isLater, same), (On.haveTime, without),
                (On.hasTime, without), (On.isRecent, try both({ _ in }, later: 600)),
            ])
        each([On.isUnchanged], good: same, bad: [(On.isUnchanged, later)])
    }

    @Test("conditions on introspection and revocation")
    func tokenState() {
        typealias On = TokenStateModules
        let active = Evidence.json(["active": true, "client_id": "web", "exp": 1])
        each(
            [On.isActive, On.describes, On.isNotStored], good: active,
            bad: [
                (On.isActive, Evidence.json(["active": false])), (On.isActive, Evidence.json(["active": "true"])),
                (On.describes, Evidence.json(["active": true])), (On.isNotStored, answer(200)),
            ])
        each(
            [On.isInactive], good: Evidence.json(["active": false]),
            bad: [
                (On.isInactive, active), (On.isInactive, Evidence.json(["active": false, "exp": 1])),
                (On.isInactive, Evidence.json(["active": false], status: 400)),
            ])
        each(
            [On.tellsNothing, On.isRefused, On.accessEnds], good: answer(401),
            bad: [(On.tellsNothing, active), (On.isRefused, active), (On.accessEnds, active)])
        each([On.isAccepted], good: answer(200), bad: [(On.isAccepted, answer(400))])
    }

    @Test("conditions on errors and challenges")
    func errors() {
        let challenge = answer(401, [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
        each(
            [
                ErrorModules.isClientError, ErrorModules.isUnauthorized, BearerConditions.challenges,
                BearerConditions.saysInvalid,
            ], good: challenge,
            bad: [
                (ErrorModules.isClientError, answer(200)), (ErrorModules.isClientError, answer(500)),
                (ErrorModules.isUnauthorized, answer(400)), (BearerConditions.challenges, answer(401)),
                (BearerConditions.saysInvalid, answer(401, [("WWW-Authenticate", "Bearer")])),
            ])
        each(
            [BearerConditions.hasNoError], good: answer(401, [("WWW-Authenticate", "Bearer realm=\"x\"")]),
            bad: [(BearerConditions.hasNoError, challenge)])
        each(
            [ErrorModules.wasAsked], good: arrival(visited: [.question]), bad: [(ErrorModules.wasAsked, arrival())])
        each(
            [MetadataModules.exists], good: answer(405),
            bad: [(MetadataModules.exists, answer(404)), (MetadataModules.exists, answer(500))])
    }

    @Test("conditions on headers and cookies")
    func web() {
        typealias On = WebConditions
        let guarded = answer(
            200,
            [
                ("Cache-Control", "no-store"), ("Content-Security-Policy", "frame-ancestors 'none'"),
                ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff"),
                ("Content-Type", "text/html; charset=utf-8"),
            ], "&lt;script>")
        let bare = answer(200, [("Content-Type", "application/json")], "<script>alert(1)</script>")
        each(
            [On.isNotStored, On.isNotFramed, On.hidesReferrer, On.isNotSniffed, On.isHTML, On.hasNoForeignScript],
            good: guarded,
            bad: [
                (On.isNotStored, bare), (On.isNotFramed, bare), (On.hidesReferrer, bare), (On.isNotSniffed, bare),
                (On.isHTML, bare), (On.hasNoForeignScript, bare),
            ])
        let shared = answer(200, [("Access-Control-Allow-Origin", "*"), ("Cache-Control", "max-age=1")])
        each(
            [On.isShared, On.isSharedWithoutCookies, On.mayBeCached], good: shared,
            bad: [
                (On.isShared, bare), (On.mayBeCached, bare),
                (On.isSharedWithoutCookies, answer(200, [("Access-Control-Allow-Credentials", "true")])),
            ])
        each([On.isNotShared], good: bare, bad: [(On.isNotShared, shared)])
        each(
            [On.leadsNowhere, On.refusesAgain], good: arrival(),
            bad: [
                (On.leadsNowhere, arrival("https://rp.example/cb")),
                (On.refusesAgain, arrival("https://rp.example/cb")),
            ])
        each([On.saysTheSame], good: ["a", "a"], bad: [(On.saysTheSame, ["a", "b"])])
        let cookies = On.cookiesAreGuarded(isSecure: true)
        each(
            [cookies], good: ["a=b; HttpOnly; SameSite=Lax; Secure"],
            bad: [
                (cookies, ["a=b; HttpOnly; SameSite=Lax"]), (cookies, ["a=b; SameSite=Lax; Secure"]),
                (cookies, ["a=b; HttpOnly; Secure"]), (cookies, []),
            ])
    }

    @Test("conditions on redirects after a form")
    func redirects() {
        func exchanges(_ status: Int) -> [Exchange] {
            let request = WebRequest.form([Parameter("password", "x")], to: WebAddress("https://id.example.com/"))
            return [
                Exchange(
                    number: 1, startedAfter: 0, seconds: 0, request: request,
                    result: .success(answer(status, [("Location", "/x")])))
            ]
        }
        let condition = WebConditions.formsDoNotTravel
        each([condition], good: exchanges(303), bad: [(condition, exchanges(307)), (condition, exchanges(308))])
    }

    @Test("conditions on users and their tokens")
    func people() throws {
        each(
            [PersonModules.asksForCode], good: [.signIn, .secondFactor],
            bad: [(PersonModules.asksForCode, [.signIn])])
        each(
            [PersonModules.isPlainHeader], good: try Evidence.idToken().token,
            bad: [
                (PersonModules.isPlainHeader, try Evidence.idToken(header: ["jku": "https://x"]).token),
                (PersonModules.isPlainHeader, try JWS(SigningKey.none.sign([:]))),
            ])
    }
}
