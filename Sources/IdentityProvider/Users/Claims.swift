import FoundationEssentials
import JOSE

/// Which claims of a user a scope releases (OpenID Connect Core §5.4).
enum Claims {
    /// The claims of OpenID Connect Core §5.1 by the scope value that asks for them.
    static let byScope: [(scope: String, claims: [String])] = [
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
    ]

    static let all = byScope.flatMap(\.claims)

    /// The claims that `scope` releases, without `sub`.
    static func released(of user: User, for scope: Scope) -> JSONObject {
        var released: JSONObject = [:]
        for (value, names) in byScope where scope.contains(value) {
            for name in names { released[name] = claim(name, of: user) }
        }
        return released
    }

    /// The claims that `entries` ask for, where they have a value that was asked for (OpenID Connect Core §5.5.1).
    static func requested(_ entries: [ClaimsRequest.Entry], of user: User) -> JSONObject {
        var released: JSONObject = [:]
        for entry in entries {
            guard let value = claim(entry.name, of: user) else { continue }
            if entry.values.isEmpty || entry.values.contains(text(value)) { released[entry.name] = value }
        }
        return released
    }

    /// A claim as it is compared: a text as it is, anything else as it is written.
    static func text(_ value: JSON) -> String {
        value.string ?? String(decoding: value.serialized(), as: UTF8.self)
    }

    private static func claim(_ name: String, of user: User) -> JSON? {
        switch name {
        case "preferred_username": .string(user.username)
        case "email": user.email.map(JSON.string)
        case "email_verified": user.email.map { _ in .bool(user.isEmailVerified) }
        case "updated_at": .integer(Int(user.updatedAt.timeIntervalSince1970))
        default: user.claims[name]
        }
    }
}
