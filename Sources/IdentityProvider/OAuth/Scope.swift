/// An ordered set of scope values (RFC 6749 §3.3).
package struct Scope: Hashable, Sendable {
    package let values: [String]

    /// Drops repeated values.
    package init(_ values: some Sequence<String>) {
        var seen: Set<String> = []
        self.values = values.filter { seen.insert($0).inserted }
    }

    /// Parses a space-delimited list. Throws `invalid_scope` for illegal characters.
    package init(parsing text: String) throws(OAuthError) {
        let values = text.split(separator: " ").map(String.init)
        guard values.allSatisfy(Self.isValue) else { throw .invalidScope("scope has an illegal character") }
        self.init(values)
    }

    package static func isValue(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }

    package var text: String { values.joined(separator: " ") }
    package var isEmpty: Bool { values.isEmpty }
    package func contains(_ value: String) -> Bool { values.contains(value) }
    package func isSubset(of other: Scope) -> Bool { values.allSatisfy(other.contains) }
    package func subtracting(_ other: Scope) -> Scope { Scope(values.filter { !other.contains($0) }) }
    package func intersection(_ other: Scope) -> Scope { Scope(values.filter(other.contains)) }
    package func union(_ other: Scope) -> Scope { Scope(values + other.values) }
}

extension Scope: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: String...) { self.init(elements) }
}

extension Scope: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self).split(separator: " ").map(String.init))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension Scope {
    /// OpenID Connect Core §5.4, §11.
    package static let openID = "openid"
    package static let profile = "profile"
    package static let email = "email"
    package static let address = "address"
    package static let phone = "phone"
    package static let offlineAccess = "offline_access"
    /// Martlet's own scope values. Each requests the claim of the same name.
    package static let roles = "roles"
    package static let groups = "groups"
    package static let permissions = "permissions"
    /// The scope values that every issuer supports. Resource servers add theirs.
    package static let standard: Scope = [
        openID, profile, email, address, phone, offlineAccess, roles, groups, permissions,
    ]
    /// The scope values of the management API for shared signals (CAEP Interoperability Profile §2.7.2). Only receivers
    /// get them, for themselves.
    static let sharedSignals: Scope = ["ssf.read", "ssf.manage"]
    /// The scope values that are never granted by default, only on request.
    static let onRequest = Scope([offlineAccess, roles, groups, permissions]).union(sharedSignals)
}
