import Authenticators
import Foundation
import JOSE
import Testing

@testable import IdentityProvider

/// A stored or sealed type and its JSON, as kept in databases, tokens and browsers. A new property may add a member to
/// its forms; existing members never change.
struct StoredForm: Sendable, CustomTestStringConvertible {
    let type: String
    let forms: [String]
    private let decode: @Sendable (Data) throws -> any Encodable

    /// Takes one form per case of an enum. The form of a struct must set every property.
    init<Value: Codable & Sendable>(_ type: Value.Type, _ forms: String...) {
        self.type = "\(type)"
        self.forms = forms
        decode = { try JSONDecoder().decode(Value.self, from: $0) }
    }

    /// Takes the raw values as forms.
    init<Value: Codable & Sendable & RawRepresentable<String>>(_ type: Value.Type, values: String...) {
        self.type = "\(type)"
        forms = values.map { "\"\($0)\"" }
        decode = { try JSONDecoder().decode(Value.self, from: $0) }
    }

    func value(_ form: String) throws -> any Encodable { try decode(Data(form.utf8)) }

    var testDescription: String { type }
}

extension StoredForm {
    static let all = interactions + signIns + tokens + documents + values

    private static let values = [
        StoredForm(Identifier<User>.self, #""u""#),
        StoredForm(Scope.self, #""openid email""#),
        StoredForm(MailAddress.self, #""alice@example.com""#),
        StoredForm(
            AuthenticationContext.self,
            values: "urn:martlet:acr:1", "urn:martlet:acr:2", "urn:martlet:acr:3"),
        StoredForm(
            ResponseMode.self,
            values: "query", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"),
        StoredForm(Prompt.self, values: "none", "login", "consent", "select_account", "create"),
        StoredForm(Display.self, values: "page", "popup", "touch"),
        StoredForm(
            Factor.self,
            values: "password", "upstream", "passkey", "totp", "email_code", "recovery_code", "access_code"),
        StoredForm(SignatureAlgorithm.self, values: "ES256", "RS256"),
        StoredForm(TOTP.Algorithm.self, values: "SHA1", "SHA256", "SHA512"),
        StoredForm(Transport.self, values: "body", "cookie"),
        StoredForm(ResourceServer.TokenFormat.self, values: "jwt", "opaque"),
        StoredForm(EntitlementClaim.self, values: "roles", "groups", "entitlements", "permissions"),
        StoredForm(
            Attribute.ValueType.self, values: "string", "integer", "number", "boolean", "date", "url", "list"),
        StoredForm(Attribute.Access.self, values: "hidden", "visible", "editable"),
        StoredForm(PasskeyCeremony.Purpose.self, values: "enrolment", "signIn", "secondFactor"),
        StoredForm(RecoveryNotice.self, values: "started", "reminder", "ready", "canceled"),
        StoredForm(
            RiskSignal.self,
            values: "unknown_device", "unknown_network", "unknown_country", "impossible_travel", "many_accounts",
            "many_addresses"),
        StoredForm(RiskConsequence.self, values: "ignore", "notify", "factor", "refuse"),
    ]

    private static let entry = #"{"name": "email", "values": ["alice@example.com"]}"#
    private static let claims = """
        {"userInfo": [\(entry)], "idToken": [\(entry)], "subjects": ["u"], "essentialContexts": ["urn:martlet:acr:2"],
         "attributeScope": "orders.read"}
        """
    private static let details = #""[{\"type\":\"payment\",\"amount\":1.5}]""#
    private static let pkce = #"{"challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}"#
    private static let redirect = #"{"uri": "https://app.example/callback", "state": "s", "mode": "form_post"}"#
    private static let request = """
        {"client": "c", "redirect": \(redirect), "scope": "openid email", "details": \(details),
         "resources": ["https://api.example"], "pkce": \(pkce), "nonce": "n", "prompt": ["login"], "maxAge": 60, "loginHint": "alice", "upstreamHint": "google",
         "languages": ["de"], "display": "touch", "claims": \(claims), "requestedContexts": ["urn:martlet:acr:2"], "subject": "u",
         "dpopKey": "k", "pushed": "p"}
        """
    private static let visit = """
        {"location": "/account", "name": "App", "client": "c", "source": "https://app.example",
         "asked": "urn:martlet:acr:2", "maxAge": 60, "user": "u", "loginHint": "alice", "languages": ["de"]}
        """
    private static let suspicion = #"{"signals": ["unknown_device"], "consequence": "notify"}"#
    private static let upstreamSession = """
        {"upstream": "google", "subject": "u-1", "session": "s-1", "sealedIDToken": "Af8"}
        """
    private static let upstreamSignIn = """
        {"session": \(upstreamSession), "context": "urn:martlet:acr:2", "authenticatedAt": 801000000.25}
        """
    private static let shown = """
        {"factor": "passkey", "verifiesUser": true, "methods": ["hwk", "user"], "addedAt": 801000000.25,
         "upstream": \(upstreamSignIn)}
        """
    private static let progress = """
        {"user": "u", "shown": [\(shown)], "startedAt": 801000000.25, "stamp": "s", "generation": 3,
         "authenticatedAt": 801000000.25, "session": "s", "suspicion": \(suspicion),
         "next": {"show": {"_0": ["totp", "recovery_code"]}}}
        """

    private static let offer = #"""
        {"signIn": \#(upstreamSignIn), "username": "octocat", "email": "a@example.com", "profile": "{\"name\":\"A\"}",
         "attributes": "{}", "roles": ["admin"], "groups": ["staff"]}
        """#
    private static let guest = """
        {"upstream": "google", "authority": "a", "subject": "u-1", "label": "octocat", "arrivedAt": 801000000.25,
         "offer": \(offer), "isLinking": true}
        """

    private static let interaction = """
        {"purpose": {"visit": {"_0": \(visit)}}, "startedAt": 801000000.25, "requestedAt": 800999000.5,
         "browser": "b", "progress": \(progress),
         "exhausted": "s", "askedForConsent": "u", "consented": "openid", "consentsToDetails": true,
         "isDenied": true,
         "guest": \(guest), "forwarded": "google", "reauthenticating": "google",
         "account": "s", "addsAccount": true}
        """

    private static let signOut = """
        {"client": "c", "subject": "u", "session": "s", "destination": {"uri": "https://app.example", "state": "s"},
         "languages": ["de"], "ended": "u"}
        """

    private static let interactions = [
        StoredForm(Interaction.self, interaction),
        StoredForm(
            Interaction.Purpose.self, #"{"authorization": {"_0": \#(request)}}"#, #"{"visit": {"_0": \#(visit)}}"#),
        StoredForm(AuthorizationRequest.self, request),
        StoredForm(VerifiedRedirect.self, redirect),
        StoredForm(PushedRequest.self, #"{"id": "a", "request": \#(request), "expiresAt": 801000060.25}"#),
        StoredForm(AuthorizationDetails.self, details),
        StoredForm(
            DeviceRequest.self,
            """
            {"id": "a", "userCode": "BCDFGHJK", "client": "c", "scope": "openid", "details": \(details),
             "resources": ["https://api.example"],
             "dpopKey": "k", "authorization": "z", "address": "192.0.2.1", "userAgent": "curl", "startedAt": 801000000.25,
             "expiresAt": 801000600.25}
            """),
        StoredForm(DeviceAnswer.self, #"{"request": "a", "granted": \#(granted)}"#),
        StoredForm(DeviceApproval.self, #"{"request": "a", "session": "s"}"#),
        StoredForm(PKCE.self, pkce),
        StoredForm(ClaimsRequest.self, claims),
        StoredForm(ClaimsRequest.Entry.self, entry),
        StoredForm(SignInRequest.self, visit),
        StoredForm(SignOutRequest.self, signOut),
        StoredForm(UpstreamSignOutState.self, #"{"upstream": "google", "signOut": \#(signOut)}"#),
        StoredForm(SignOutRequest.Return.self, #"{"uri": "https://app.example", "state": "s"}"#),
        StoredForm(
            ForwardSignIn.self,
            #"{"origin": "https://app.example", "uri": "/", "browser": "b", "startedAt": 801000000.25}"#),
    ]

    private static let attempt = """
        {"client": "c", "scope": "openid", "asked": "urn:martlet:acr:2", "transport": "cookie"}
        """
    private static let challenge = """
        {"id": "i", "secret": [1, 255], "startedAt": 801000000.25, "expiresAt": 801000600.25}
        """
    private static let settings = #"{"algorithm": "SHA256", "digits": 8}"#

    private static let signIns = [
        StoredForm(UpstreamSession.self, upstreamSession),
        StoredForm(UpstreamSignIn.self, upstreamSignIn),
        StoredForm(UpstreamGuest.self, guest),
        StoredForm(UpstreamGuest.Offer.self, offer),
        StoredForm(
            UpstreamLinkOffer.self,
            """
            {"user": "u", "session": "s", "upstream": "google", "authority": "a", "subject": "u-1", "label": "octocat",
             "madeAt": 801000000.25}
            """),
        StoredForm(
            StreamAuthorization.self, #"{"field": "Bearer s", "stream": "st", "endpoint": "https://a.example"}"#),
        StoredForm(UpstreamSecret.self, #"{"secret": "s", "upstream": "google", "recipient": "https://a.example"}"#),
        StoredForm(
            UpstreamTokens.self,
            #"{"accessToken": "a", "refreshToken": "r", "scope": "openid", "expiresAt": 801000600.25}"#),
        StoredForm(
            UpstreamAttempt.self,
            """
            {"state": "s", "upstream": "google", "purpose": {"link": {"user": "u", "session": "s"}}, "nonce": "n",
             "verifier": "v", "startedAt": 801000000.25, "maxAge": 60}
            """),
        StoredForm(
            UpstreamAttempt.Purpose.self, #"{"signIn": {"_0": \#(interaction)}}"#,
            #"{"link": {"user": "u", "session": "s"}}"#),
        StoredForm(SignInProgress.self, progress),
        StoredForm(
            SignInProgress.Next.self, #"{"show": {"_0": ["totp", "recovery_code"]}}"#,
            #"{"enrol": {"_0": ["passkey"]}}"#),
        StoredForm(ShownFactor.self, shown),
        StoredForm(RiskAssessment.self, suspicion),
        StoredForm(FirstPartySignIn.Attempt.self, attempt),
        StoredForm(
            FirstPartySignIn.Ticket.self,
            #"{"id": "i", "attempt": \#(attempt), "progress": \#(progress), "challenge": \#(challenge)}"#),
        StoredForm(FactorChallenge.self, challenge),
        StoredForm(
            EmailCodeFactor.Offer.self,
            #"{"id": "i", "user": "u", "browser": "b", "code": "12345678", "expiresAt": 801000600.25}"#),
        StoredForm(
            TOTPEnrolment.Offer.self,
            #"{"user": "u", "secret": [1, 255], "settings": \#(settings), "madeAt": 801000000.25}"#),
        StoredForm(TOTPSettings.self, settings),
        StoredForm(
            PasskeyCeremony.self,
            """
            {"purpose": "secondFactor", "challenge": [1, 255], "user": "u", "browser": [2, 254],
             "startedAt": 801000000.25}
            """),
        StoredForm(
            MailLink.self,
            #"{"id": "i", "user": "u", "address": "a@example.com", "fingerprint": "f", "expiresAt": 801000600.25}"#),
    ]

    private static let granted = """
        {"client": "c", "user": "u", "session": "s", "scope": "openid email", "details": \(details),
         "resources": ["https://api.example"], "nonce": "n", "claims": \(claims), "authenticatedAt": 801000000.25, "amr": ["pwd", "otp"],
         "acr": "urn:martlet:acr:2", "standing": "urn:martlet:acr:3", "begunAt": 801000000.25,
         "sessionEndsAt": 801000000.25, "confirmation": \(confirmation)}
        """
    private static let confirmation = #"{"key": "k", "certificate": "c"}"#

    private static let tokens = [
        StoredForm(
            AuthorizationCode.self,
            """
            {"id": "i", "granted": \(granted), "redirectURI": "https://app.example/callback", "pkce": \(pkce),
             "expiresAt": 801000060.25, "dpopKey": "k"}
            """),
        StoredForm(Confirmation.self, confirmation),
        StoredForm(
            RefreshToken.self, #"{"authorization": "a", "generation": 3, "confirmation": \#(confirmation)}"#),
        StoredForm(
            AccessToken.self,
            """
            {"id": "a.i", "authorization": "a", "client": "c", "user": "u", "scope": "openid",
             "audience": ["https://api.example"], "issuedAt": 801000000.25, "expiresAt": 801000600.25,
             "authenticatedAt": 801000000.25, "amr": ["pwd"], "acr": "urn:martlet:acr:1",
             "confirmation": \(confirmation), "details": \(details)}
            """),
        StoredForm(
            ForwardTicket.self,
            """
            {"id": "i", "origin": "https://app.example", "uri": "/", "browser": "b", "session": "s",
             "expiresAt": 801000060.25}
            """),
        StoredForm(ForwardPass.self, #"{"origin": "https://app.example", "session": "s"}"#),
    ]

    private static let detailsType = #""{\"payment\":{\"schema\":{\"type\":\"object\"}}}""#
    private static let claim = """
        {"name": "dept", "scope": "profile", "clients": ["c"], "resourceServers": ["https://api.example"]}
        """

    private static let documents = [
        StoredForm(Granted.self, granted),
        StoredForm(
            ResourceServer.self,
            """
            {"identifier": "https://api.example", "name": "API", "description": "of ours", "scopes": ["read"],
             "scopeDescriptions": {"read": "see it"},
             "translations": {"de": {"name": "Schnittstelle", "description": "von uns", "scopes": {"read": "sehen"}}},
             "format": "opaque", "accessTokenAlgorithm": "RS256", "accessTokenLifetime": 300,
             "introspectionClients": ["c"], "claims": ["roles"], "permissions": ["p"],
             "authorizationDetailsTypes": [\(detailsType)]}
            """),
        StoredForm(AuthorizationDetailsType.self, detailsType),
        StoredForm(
            ResourceServer.Translation.self,
            #"{"name": "Schnittstelle", "description": "von uns", "scopes": {"read": "sehen"}}"#),
        StoredForm(
            Role.self, #"{"name": "admin", "permissions": ["p"], "minimumContext": "urn:martlet:acr:2"}"#),
        StoredForm(
            Attribute.self,
            """
            {"name": "department", "title": "Department", "titles": {"de": "Abteilung"}, "type": "list",
             "values": ["sales"], "minimumLength": 2, "maximumLength": 40, "access": "editable", "claims": [\(claim)]}
            """),
        StoredForm(AttributeClaim.self, claim),
        StoredForm(Group.self, #"{"name": "staff", "description": "who works here", "roles": ["admin"]}"#),
        StoredForm(
            Mail.self,
            #"{"occasion": {"signUp": {"_0": "a@example.com"}}, "queuedAt": 801000000.25, "acceptLanguage": "de"}"#
        ),
        StoredForm(
            Mail.Occasion.self,
            #"{"signUp": {"_0": "a@example.com"}}"#,
            #"{"invitation": {"_0": "a@example.com"}}"#,
            #"{"passwordReset": {"name": "alice"}}"#,
            #"{"emailVerification": {"_0": "u"}}"#,
            #"{"emailChange": {"_0": "u", "to": "b@example.com"}}"#,
            #"{"emailChangeAgreed": {"_0": "u", "to": "b@example.com"}}"#,
            #"{"emailChanged": {"_0": "u", "from": "a@example.com"}}"#,
            #"{"signInCode": {"_0": "u", "code": "12345678"}}"#,
            #"{"unknownDevice": {"_0": "u", "device": "Firefox", "address": "192.0.2.1"}}"#,
            #"{"unusualSignIn": {"_0": "u", "device": "Firefox", "address": "192.0.2.1", "isRefused": true}}"#,
            #"{"passwordChanged": {"_0": "u"}}"#,
            #"{"factorAdded": {"_0": "u", "factor": "totp"}}"#,
            #"{"factorRemoved": {"_0": "u", "factor": "totp"}}"#,
            #"{"lockedOut": {"name": "alice"}}"#,
            #"{"secondFactorLocked": {"_0": "u"}}"#,
            #"{"recovery": {"_0": "u", "_1": "r", "_2": "started", "readyAt": 801000000.25}}"#),
    ]
}
