import Authenticators
package import JOSE

/// A user as described in a resource file: the standard claims by name, and the initial credentials. Members that the
/// file omits are `nil`.
package struct UserDocument: Sendable {
    package let username: String
    package let email: String?
    package let isEmailVerified: Bool?
    package let claims: JSONObject
    /// The attributes that the file mentions. `null` removes a value.
    package let attributes: JSONObject
    package let roles: [String]?
    package let groups: [String]?
    package let isDisabled: Bool?
    package let password: String?
    package let passwordHash: String?
    /// Decoded from base32.
    package let totpSecret: [UInt8]?
    /// The address and claims that the file removes by setting them to `null` (RFC 7396 §1).
    private let removed: Set<String>

    /// `declared` are the attributes that a user can have. `named` has also the names of those whose declaration has a
    /// mistake: their values can't be checked.
    package init(
        _ document: JSONObject, declared: [Attribute] = [], named: [String] = []
    ) throws(InvalidDocument) {
        removed = Set((["email"] + Self.claimNames).filter { document[$0] == .null })
        var members = document
        for name in removed { members[name] = nil }
        var reader = DocumentReader(members)
        username = reader.required("username", Self.username)
        email = reader.value("email", Self.email)
        isEmailVerified = reader.flag("email_verified")
        roles = members["roles"] == nil ? nil : reader.list("roles") { text throws(InvalidValue) in text }
        groups = members["groups"] == nil ? nil : reader.list("groups") { text throws(InvalidValue) in text }
        isDisabled = reader.flag("disabled")
        password = reader.value("password", Self.password)
        passwordHash = reader.value("password_hash", Self.hash)
        totpSecret = reader.value("totp_secret", Self.totpSecret)
        claims = Self.claims(&reader)
        attributes = Self.attributes(&reader, declared, named)
        if password != nil, passwordHash != nil { reader.report("password_hash", "cannot be combined with password") }
        reader.refuseUnknown()
        try reader.finish()
    }

    /// Returns `user` updated from the file. Omitted members keep their values, except
    /// that a new address is unverified.
    func applied(to user: User) -> User {
        var user = user
        user.username = username
        let address = removed.contains("email") ? nil : email ?? user.email
        if address != user.email { (user.email, user.isEmailVerified) = (address, false) }
        user.isEmailVerified = isEmailVerified ?? user.isEmailVerified
        for name in removed { user.claims[name] = nil }
        user.claims.merge(claims)
        for (name, value) in attributes.members { user.attributes[name] = value == .null ? nil : value }
        user.roles = roles ?? user.roles
        user.groups = groups ?? user.groups
        user.isDisabled = isDisabled ?? user.isDisabled
        return user
    }

    /// The claims that a document writes the way a token does.
    private static let claimNames: [String] = {
        let apart: Set<String> = ["email", "email_verified", "preferred_username", "updated_at"]
        let given: Set<String> = [Scope.roles, Scope.groups, Scope.permissions]
        return Claims.all.filter { !apart.contains($0) && !given.contains($0) }
    }()

    private static func claims(_ reader: inout DocumentReader) -> JSONObject {
        var claims: JSONObject = [:]
        for name in claimNames {
            switch name {
            case "address": claims[name] = reader.object(name).map(JSON.object)
            case "phone_number_verified": claims[name] = reader.flag(name).map(JSON.bool)
            default: claims[name] = reader.text(name).map(JSON.string)
            }
        }
        return claims
    }

    private static func attributes(
        _ reader: inout DocumentReader, _ declared: [Attribute], _ named: [String]
    ) -> JSONObject {
        let values = reader.object("attributes") ?? [:]
        for (name, value) in values.members where value != .null {
            guard let attribute = declared.first(where: { $0.name == name }) else {
                if named.contains(name) { continue }
                let hint = NearNames.hint(for: name, among: declared.map(\.name))
                reader.report(
                    "attributes.\(name)",
                    "is not declared; \(hint ?? "declare it under attributes: at the top of the same file")")
                continue
            }
            if let reason = attribute.mistake(in: value) { reader.report("attributes.\(name)", reason) }
        }
        return values
    }

    private static func username(_ text: String) throws(InvalidValue) -> String {
        guard !text.isEmpty, text.utf8.count <= 255, !text.contains(where: \.isNewline),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw InvalidValue("must be 1 to 255 characters without control characters") }
        guard text.first?.isWhitespace == false, text.last?.isWhitespace == false else {
            throw InvalidValue("must not begin or end with white space")
        }
        return text
    }

    private static func email(_ text: String) throws(InvalidValue) -> String {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, text.utf8.count <= 254,
            !text.contains(where: \.isWhitespace)
        else { throw InvalidValue("must be an email address") }
        return text
    }

    /// Checks only the length: when the list of common passwords grows, an existing file must not
    /// keep the server from starting.
    private static func password(_ text: String) throws(InvalidValue) -> String {
        guard PasswordPolicy.length.contains(NewPassword.normalized(text).unicodeScalars.count) else {
            throw InvalidValue("must have 8 to 256 characters")
        }
        return text
    }

    private static func hash(_ text: String) throws(InvalidValue) -> String {
        do { return try PasswordHash(parsing: text).text } catch {
            throw InvalidValue("must be an Argon2id hash: $argon2id$v=19$m=…,t=…,p=…$…$…")
        }
    }

    private static func totpSecret(_ text: String) throws(InvalidValue) -> [UInt8] {
        guard let secret = Base32.decode(text), (try? TOTP(secret: secret)) != nil else {
            throw InvalidValue("must be at least 10 bytes in base32 (16 characters)")
        }
        return secret
    }
}
