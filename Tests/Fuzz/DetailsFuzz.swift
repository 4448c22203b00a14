import Foundation
import JOSE
@testable import IdentityProvider

/// Authorization details (RFC 9396 §2) of a declared type.
enum DetailsFuzz {
    private static let declaration = """
        {"text": "Pay {amount} to {name}", "schema": {"type": "object", "required": ["amount", "name"], "properties": {
            "amount": {"type": "number", "minimum": 0, "narrowing": "at_most"}, "name": {"type": "string"},
            "actions": {"type": "array", "uniqueItems": true, "narrowing": "subset", "items": {"type": "string"}},
            "due": {"type": "string", "format": "date"}, "home": {"type": "string", "format": "uri"},
            "isOpen": {"type": "boolean"}, "count": {"type": "integer", "maximum": 10},
            "rules": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}}}}}
        """
    private static let client = try? Client([
        "client_id": "c", "grant_types": [], "authorization_details_types": ["payment"],
    ])
    private static let catalog = try? ResourceCatalog(servers: [
        ResourceServer(
            identifier: "https://payments.example", scopes: [],
            authorizationDetailsTypes: [
                AuthorizationDetailsType("payment", JSONObject(parsing: Array(declaration.utf8)))
            ])
    ])

    static func check(_ input: [UInt8]) {
        guard let client, let catalog else { fatalError("the declaration is invalid") }
        func details(_ text: String) -> AuthorizationDetails? {
            try? catalog.details(Parameters([(name: "authorization_details", value: text)]), of: client)
        }
        guard let read = details(String(decoding: input, as: UTF8.self)) else { return }
        let text = String(decoding: read.json.serialized(), as: UTF8.self)
        require(text.utf8.count <= AuthorizationDetails.maximumSize, "details are bounded")
        require(read.items.allSatisfy { $0.type == "payment" }, "only declared types are accepted")
        require(details(text)?.json.isExactly(read.json) == true, "details survive being sent again")
        require(catalog.permits(read, within: read), "details are within themselves")
        require(catalog.available(read, to: client) == read, "what was accepted stays available")
        let stored = try? JSONDecoder().decode(AuthorizationDetails.self, from: JSONEncoder().encode(read))
        require(stored?.json.isExactly(read.json) == true, "details survive being stored")
        require(
            catalog.entries(read, at: catalog.servers[0]).count == read.items.count, "every detail is shown")
        require(!FormEncoding.hasControlCharacter(text.utf8), "nothing that is shown has a control character")
    }
}
