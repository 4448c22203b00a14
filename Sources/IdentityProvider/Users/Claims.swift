import FoundationEssentials
import JOSE

/// The claims of a user that each scope value releases (OpenID Connect Core §5.4; roles, groups and permissions are
/// extensions).
enum Claims {
    /// The claims of OpenID Connect Core §5.1, by the scope value that requests them.
    static let byScope: [(scope: String, claims: [String])] =
        [
            (
                Scope.profile,
                [
                    "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
                    "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
                ]
            ),
            (Scope.email, ["email", "email_verified"]),
            (Scope.address, ["address"]),
            (Scope.phone, ["phone_number", "phone_number_verified"]),
        ] + entitlementScopes.map { ($0, [$0]) }

    private static let entitlementScopes = [Scope.roles, Scope.groups, Scope.permissions]

    static let all = byScope.flatMap(\.claims)

    /// The claims that users may set themselves.
    static let own = ["name", "given_name", "family_name", "nickname"]

    /// Returns the claims that a user sets about themselves, or `nil` if one exceeds 255 bytes.
    static func own(in parameters: Parameters) -> JSONObject? {
        var claims: JSONObject = [:]
        for name in own {
            let text = (parameters[name] ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
            guard text.utf8.count <= 255 else { return nil }
            claims[name] = text.isEmpty ? nil : .string(text)
        }
        return claims
    }

    /// Returns the claims that `scope` releases, except `sub`.
    static func released(of user: User, with entitlements: Entitlements, for scope: Scope) -> JSONObject {
        var released: JSONObject = [:]
        for (value, names) in byScope where scope.contains(value) {
            for name in names { released[name] = claim(name, of: user, entitlements) }
        }
        return released
    }

    /// Returns the claims that `scope` also releases into an ID Token. Those of §5.4 are left to the userinfo endpoint,
    /// but applications need roles, groups and permissions immediately to decide what to show.
    static func released(_ entitlements: Entitlements, for scope: Scope) -> JSONObject {
        var released: JSONObject = [:]
        for name in entitlementScopes where scope.contains(name) { released[name] = entitlements.claim(name) }
        return released
    }

    /// Returns the claims in `entries` that have one of the requested values (OpenID Connect Core §5.5.1).
    static func requested(
        _ entries: [ClaimsRequest.Entry], of user: User, with entitlements: Entitlements
    ) -> JSONObject {
        var released: JSONObject = [:]
        for entry in entries {
            guard let value = claim(entry.name, of: user, entitlements) else { continue }
            if entry.accepts(value) { released[entry.name] = value }
        }
        return released
    }

    /// Returns the form in which a claim is compared: strings as they are, anything else serialized as JSON.
    static func text(_ value: JSON) -> String {
        value.string ?? String(decoding: value.serialized(), as: UTF8.self)
    }

    private static func claim(_ name: String, of user: User, _ entitlements: Entitlements) -> JSON? {
        switch name {
        case "preferred_username": .string(user.username)
        case "email": user.email.map(JSON.string)
        case "email_verified": user.email.map { _ in .bool(user.isEmailVerified) }
        case "updated_at": .integer(Int(user.updatedAt.timeIntervalSince1970))
        default: entitlements.claim(name) ?? user.claims[name]
        }
    }
}
