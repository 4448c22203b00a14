import FoundationEssentials
import JOSE
import TestSupport

@testable import IdentityProvider

/// An issuer whose resource servers declare types of authorization details: one with JWTs, one with opaque tokens.
enum DetailsCase {
    static let payments = "https://payments.example"
    static let files = "https://files.example"

    static let payment: JSONObject = [
        "type": "payment", "actions": ["initiate", "cancel"], "amount": ["currency": "EUR", "value": "123.50"],
        "creditor": ["name": "Merchant Ltd", "iban": "DE02100100109307118603"],
    ]
    static let folder: JSONObject = [
        "type": "folder", "path": "/reports", "access": ["read", "write"], "megabytes": 100,
    ]

    static let paymentType = """
        {"title": {"en": "Payment", "de": "Zahlung"},
         "text": {"en": "Pay {amount.value} {amount.currency} to {creditor.name}",
                  "de": "{amount.value} {amount.currency} an {creditor.name} zahlen"},
         "schema": {"type": "object", "required": ["actions", "amount", "creditor"], "properties": {
            "actions": {"type": "array", "uniqueItems": true, "minItems": 1, "narrowing": "subset",
                        "items": {"type": "string", "enum": ["initiate", "status", "cancel"]}},
            "locations": {"type": "array", "items": {"type": "string"}},
            "amount": {"type": "object", "required": ["currency", "value"], "properties": {
                "currency": {"type": "string", "enum": ["EUR", "USD"]}, "value": {"type": "string", "maxLength": 12}}},
            "creditor": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string", "maxLength": 70}, "iban": {"type": "string", "title": "Account"}}},
            "reference": {"type": "string"}, "due": {"type": "string", "format": "date"}}}}
        """
    static let folderType = """
        {"schema": {"type": "object", "required": ["path"], "properties": {
            "path": {"type": "string"}, "isShared": {"type": "boolean"}, "home": {"type": "string", "format": "uri"},
            "access": {"type": "array", "uniqueItems": true, "narrowing": "subset", "items": {"type": "string"}},
            "megabytes": {"type": "integer", "minimum": 0, "narrowing": "at_most"},
            "rate": {"type": "number", "maximum": 1},
            "rules": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}}}}}
        """

    static let resources = """
        {"users": [{"username": "alice", "password": "correct horse"}, {"username": "bob", "password": "battery staple"}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "pkce": "optional",
             "redirect_uris": ["https://shop.example/callback"],
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid offline_access payments.read", "authorization_details_types": ["payment", "folder"]},
            {"client_id": "own", "client_secret": "own-secret-own-secret-own-secret-1", "consent": "skip",
             "pkce": "optional", "redirect_uris": ["https://own.example/callback"],
             "grant_types": ["authorization_code", "client_credentials"],
             "scope": "openid payments.read", "authorization_details_types": ["payment"]},
            {"client_id": "api", "client_secret": "api-secret-api-secret-api-secret-1", "grant_types": []}],
         "resource_servers": [
            {"identifier": "\(payments)", "name": "Payments", "scopes": {"payments.read": "see payments"},
             "introspection_clients": ["api"], "authorization_details_types": {"payment": \(paymentType)}},
            {"identifier": "\(files)", "scopes": [], "access_token": "opaque", "introspection_clients": ["api"],
             "authorization_details_types": {"folder": \(folderType)}}]}
        """

    static func issuer() async throws -> TestIssuer { try await TestIssuer(resources: resources) }

    static func catalog() throws -> ResourceCatalog {
        ResourceCatalog(servers: try ResourceSet(JSONObject(parsing: Array(resources.utf8))).resourceServers)
    }

    static func parameter(_ details: JSONObject...) -> [(String, String)] {
        [("authorization_details", text(.array(details.map(JSON.object))))]
    }

    static func text(_ json: JSON) -> String { String(decoding: json.serialized(), as: UTF8.self) }

    /// The consent page of a request by `web`.
    static func consent(
        _ browser: Browser, scope: String = "openid", _ details: JSONObject...
    ) async throws -> Page {
        let more = [("authorization_details", text(.array(details.map(JSON.object))))]
        let page = try await browser.get("/authorize", Browser.webRequest(scope: scope, more)).page()
        guard page.template == "sign-in" else { return page }
        return try await browser.submit(page, [("username", "alice"), ("password", "correct horse")]).page()
    }

    /// Registers the same resources with one text replaced, and lets the caches expire.
    static func change(_ issuer: TestIssuer, _ text: String, to other: String) async throws {
        try await issuer.apply(resources.replacing(text, with: other))
        issuer.clock.advance(by: 31)
    }
}
