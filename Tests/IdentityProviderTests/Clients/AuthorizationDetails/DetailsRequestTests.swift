import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9396 §3, §5: authorization_details in requests")
struct DetailsRequestTests {
    private static let payment = DetailsCase.text(.object(DetailsCase.payment))

    /// Each is one mistake.
    private static let mistakes: [String] = [
        // Not an array of objects with a type.
        "{", "{}", "[]", "payment", "1", payment, "[1]", #"["payment"]"#, "[null]", "[[\(payment)]]", "[{}]",
        #"[{"type": 1}]"#, #"[{"type": null}]"#, #"[{"type": ["payment"]}]"#, "[\(payment)],", "[\(payment)] x",
        // Unknown types, also one that looks like a known one: the Kelvin sign.
        #"[{"type": "unknown"}]"#, #"[{"type": ""}]"#, #"[{"type": "Payment"}]"#, #"[{"type": "folder\u212A"}]"#,
        #"[\#(payment), {"type": "unknown"}]"#,
        // Unknown members.
        member(#""more": 1"#), member(#""Actions": []"#), folder(#""path\u200B": "/""#),
        folder(#""rules": [{"x": 1}]"#),
        member(#""amount": {"currency": "EUR", "value": "1", "more": 1}"#),
        // Missing members.
        #"[{"type": "payment"}]"#, #"[{"type": "folder"}]"#, member(#""creditor": {}"#),
        // Wrong types.
        member(#""reference": 1"#), member(#""reference": null"#), member(#""reference": ["x"]"#),
        member(#""amount": "1""#), member(#""actions": "initiate""#), member(#""actions": [1]"#),
        folder(#""isShared": "true""#), folder(#""isShared": 1"#), folder(#""megabytes": "1""#),
        folder(#""megabytes": 1.5"#), folder(#""rules": {}"#), folder(#""rules": ["x"]"#),
        // Wrong values.
        member(#""amount": {"currency": "GBP", "value": "1"}"#), member(#""actions": []"#),
        member(#""actions": ["initiate", "initiate"]"#), member(#""actions": ["refund"]"#),
        member(#""amount": {"currency": "EUR", "value": "1234567890123"}"#), member(#""due": "2026-02-30""#),
        member(#""due": "tomorrow""#), folder(#""home": "no uri""#), folder(#""home": "/path""#),
        // Numbers out of range, or with more digits than JSON libraries keep (RFC 7493 §2.2).
        folder(#""megabytes": -1"#), folder(#""megabytes": 9007199254740992"#), folder(#""megabytes": 1e400"#),
        folder(#""megabytes": 123456789012345678901234567890"#), folder(#""rate": 1.01"#), folder(#""rate": NaN"#),
        folder(#""rate": -1e300"#),
        // Line breaks, marks that reorder text, and other text that can't be seen.
        member(#""reference": "a\nb""#), member(#""reference": "a\u0000""#), member(#""reference": "a\u202Eb""#),
        member(#""reference": "a\u2066b""#), member(#""reference": "a\u200Bb""#),
        member(#""reference": "a\u3164""#), member(#""reference": "a\u2800""#), member(#""reference": "  ""#),
        member(#""reference": "\u2028""#),
        member(#""reference": "\uE000""#), member(#""reference": "\uDB40\uDC41""#),
        // Not JSON, or not the same to every parser.
        member(#""reference": "a", "reference": "b""#), member(#""reference": "\uD800""#),
        member(#""reference": 'a'"#), "[\(payment),]",
        // A server that the client may not use, and one without the type.
        member(#""locations": ["https://unknown.example"]"#), member(#""locations": ["https://files.example"]"#),
        member(#""locations": ["https://payments.example/"]"#),
        // Too much.
        "[" + Array(repeating: payment, count: 11).joined(separator: ",") + "]",
        member(#""reference": "\#(String(repeating: "x", count: 256))""#),
        "[" + Array(repeating: folder(long), count: 9).map { $0.dropFirst().dropLast() }.joined(separator: ",") + "]",
        member(#""reference": \#(String(repeating: "[", count: 10_000))"#),
        member(#""reference": \#(String(repeating: #"{"a":"#, count: 5))1\#(String(repeating: "}", count: 5))"#),
    ]

    private static let long =
        #""home": "https://files.example/\#(String(repeating: "x", count: 220))", "#
        + #""rules": [{"name": "\#(String(repeating: "x", count: 100))"}]"#

    /// A payment with members besides or instead of its own.
    private static func member(_ text: String) -> String {
        "[{\(text), \(rest(of: DetailsCase.payment, besides: text))}]"
    }

    private static func folder(_ text: String) -> String {
        "[{\(text), \(rest(of: DetailsCase.folder, besides: text))}]"
    }

    private static func rest(of detail: JSONObject, besides text: String) -> String {
        let object = JSONObject(detail.members.filter { !text.contains("\"\($0.name)\":") }.map { ($0.name, $0.value) })
        return String(DetailsCase.text(.object(object)).dropFirst().dropLast())
    }

    @Test("RFC9396-001 RFC9396-003: whatever does not fit the declaration of its type is refused", arguments: mistakes)
    func refused(_ text: String) throws {
        let client = try Client([
            "client_id": "c", "grant_types": [], "authorization_details_types": ["payment", "folder"],
        ])
        let catalog = try DetailsCase.catalog()
        let error = #expect(throws: OAuthError(code: .invalidAuthorizationDetails, description: "")) {
            try catalog.details(Parameters([(name: "authorization_details", value: text)]), of: client)
        }
        // The description may not reflect the request (RFC 6749 §5.2).
        for word in ["Merchant", "refund", "GBP", "tomorrow"] {
            #expect(error?.description.contains(word) == false)
        }
        #expect(error?.description.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C } == true)
    }

    @Test(
        "RFC9396-001: what fits is kept without changes",
        arguments: [
            member(#""reference": "Rechnung Nº 7, Ünal & Söhne <b>""#), member(#""due": "2026-11-30""#),
            member(#""locations": ["https://payments.example"]"#), member(#""reference": "می‌خواهم""#),
            folder(#""rules": [{"name": "a"}, {}]"#), folder(#""rate": 0.5"#), folder(#""rate": -1e-5"#),
            folder(#""megabytes": 9007199254740991"#), folder(#""isShared": false"#), folder(#""access": []"#),
            "[\(payment),\(DetailsCase.text(.object(DetailsCase.folder)))]",
        ])
    func accepted(_ text: String) throws {
        let client = try Client([
            "client_id": "c", "grant_types": [], "authorization_details_types": ["payment", "folder"],
        ])
        let parameters = Parameters([(name: "authorization_details", value: text)])
        let details = try DetailsCase.catalog().details(parameters, of: client)
        #expect(try details?.json.isExactly(JSON(parsing: Array(text.utf8))) == true)
        let stored = try JSONDecoder().decode(AuthorizationDetails.self, from: JSONEncoder().encode(details))
        #expect(stored == details)
    }

    @Test("RFC9396-003: the error goes to the client, at the authorization endpoint and when a request is pushed")
    func places() async throws {
        let issuer = try await DetailsCase.issuer()
        let wrong = [("authorization_details", #"[{"type": "unknown"}]"#)]
        let answer = try await Browser(issuer).get("/authorize", Browser.webRequest(wrong)).answer()
        #expect(answer["error"] == "invalid_authorization_details")
        #expect(answer["state"] == "the-state" && answer["code"] == nil)
        let pushed = try await issuer.token(Browser.webRequest(wrong), at: "/par")
        #expect(pushed.status == .badRequest)
        #expect(try pushed.json()["error"] == "invalid_authorization_details")
        let repeated = DetailsCase.parameter(DetailsCase.payment) + DetailsCase.parameter(DetailsCase.payment)
        #expect(throws: OAuthError(code: .invalidRequest, description: "")) {
            try Parameters(
                parsing: FormEncoding.encode(repeated.map { (name: $0.0, value: $0.1) }), limits: Limits())
        }
    }

    @Test("RFC9396-003: a type that the client did not register is as unknown as one that does not exist")
    func unregistered() async throws {
        let issuer = try await DetailsCase.issuer()
        var descriptions: Set<String> = []
        for details in [DetailsCase.parameter(DetailsCase.folder), [("authorization_details", #"[{"type": "x"}]"#)]] {
            let answer = try await issuer.token([("grant_type", "client_credentials")] + details, client: "own").json()
            #expect(answer["error"] == "invalid_authorization_details")
            descriptions.insert(answer["error_description"]?.string ?? "")
        }
        #expect(descriptions.count == 1)
    }

    @Test("RFC9396-001: a request object has an array, not its text; a pushed request keeps it")
    func objects() async throws {
        let client = try SigningClient()
        let registration = client.registration(["authorization_details_types": ["payment"]])
        let issuer = try await TestIssuer(
            resources: DetailsCase.resources.replacing(
                #""clients": ["#, with: #""clients": [\#(DetailsCase.text(.object(registration))),"#))
        let details = JSON.array([.object(DetailsCase.payment)])
        for request in try await [
            [("client_id", "bank"), ("request", client.object(["authorization_details": details], for: issuer))],
            client.pushed(["authorization_details": details], at: issuer),
        ] {
            let answer = try await Browser(issuer).authorize(request).answer()
            let tokens = try await client.redeem(answer.required("code"), at: issuer).json()
            #expect(tokens["authorization_details"]?.isExactly(details) == true)
        }
        let text = try await client.object(["authorization_details": .string(DetailsCase.text(details))], for: issuer)
        let refused = try await Browser(issuer).get("/authorize", [("client_id", "bank"), ("request", text)]).page()
        #expect(refused.text("code") == "invalid_request_object")
    }
}
