import JOSE

/// Which claims of an upstream Martlet reads, and where it finds them.
struct UpstreamClaims: Sendable, Hashable {
    /// When an email address of the upstream counts as verified.
    enum EmailVerification: Sendable {
        /// If `email_verified` is `true`.
        case claim
        /// Always: the upstream hands out the addresses itself.
        case always
        case never
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
        emailVerification =
            reader.choice("email_verified", ["claim": .claim, "always": .always, "never": .never]) ?? .claim
        acceptsTextFlags = reader.text("preset") == UpstreamPreset.apple.rawValue
    }

    /// Returns the upstream's name for our claim `name`.
    func name(of name: String) -> String { names[name] ?? name }

    /// Returns the value of our claim `name` in the claims that the upstream sent.
    func value(_ name: String, in claims: JSONObject) -> JSON? {
        let value = claims[self.name(of: name)]
        return value == .null ? nil : value
    }

    func email(in claims: JSONObject) -> String? {
        value("email", in: claims)?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether the upstream vouches for the address in `claims`.
    func isEmailVerified(in claims: JSONObject) -> Bool {
        guard email(in: claims) != nil else { return false }
        switch emailVerification {
        case .always: return true
        case .never: return false
        case .claim:
            // A text is true in many languages, even the text `false`.
            let flag = value("email_verified", in: claims)
            return flag == true || acceptsTextFlags && flag == "true"
        }
    }
}
