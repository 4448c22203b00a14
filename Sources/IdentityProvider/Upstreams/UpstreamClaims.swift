import JOSE

/// Which claims of an upstream Martlet reads, and where it finds them.
struct UpstreamClaims: Sendable, Hashable {
    /// When an email address of the upstream counts as verified.
    enum EmailVerification: String, Sendable, CaseIterable {
        /// If `email_verified` is `true`.
        case claim = "claim"
        /// Always: the upstream hands out the addresses itself.
        case always = "always"
        case never = "never"
    }

    /// The upstream's names of claims, by our names. Names without an entry are the same.
    let names: [String: String]
    let emailVerification: EmailVerification
    /// Whether `email_verified` may also be the text `true`, as Apple sends it.
    let acceptsTextFlags: Bool

    init(_ reader: inout DocumentReader, isOpenID: Bool) {
        var names: [String: String] = [:]
        for (name, value) in reader.object("claims")?.members ?? [] {
            guard let text = value.string, !text.isEmpty else {
                reader.report("claims.\(name)", "must be the name of a claim of the upstream")
                continue
            }
            names[name] = text
        }
        if isOpenID, names["sub"] ?? "sub" != "sub" {
            reader.report("claims.sub", "must be sub: an ID Token names its user there (OpenID Connect Core §2)")
        }
        self.names = names
        emailVerification = reader.value("email_verified", Self.verification) ?? .claim
        acceptsTextFlags = reader.text("preset") == UpstreamPreset.apple.rawValue
    }

    /// Returns the value of our claim `name` in the claims that the upstream sent.
    func value(_ name: String, in claims: JSONObject) -> JSON? {
        let value = claims[names[name] ?? name]
        return value == .null ? nil : value
    }

    private static func verification(_ text: String) throws(InvalidValue) -> EmailVerification {
        guard let verification = EmailVerification(rawValue: text) else {
            throw InvalidValue("must be claim, always or never")
        }
        return verification
    }
}
