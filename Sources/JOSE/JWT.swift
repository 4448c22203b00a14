package import FoundationEssentials

/// A validated JSON Web Token (RFC 7519): there is no other way to one.
package struct JWT: Sendable {
    package let header: JSONObject
    package let claims: JSONObject

    package init(
        validating token: String, with keys: JWKSet, rules: JWTRules, at now: Date
    ) throws(JWTError) {
        let jws: JWS
        do {
            jws = try JWS(parsing: token)
            try jws.verify(with: keys, allowing: rules.algorithms)
        } catch { throw .signature(error) }
        guard let claims = try? JSONObject(parsing: jws.payload) else { throw .signature(.malformed) }
        header = jws.header
        self.claims = claims
        try checkNames(rules)
        try checkTimes(rules, at: now.timeIntervalSince1970)
    }

    package static func sign(
        _ claims: JSONObject, type: String?, with signer: any Signer
    ) async throws -> String {
        try await JWS.sign(claims.serialized(), type: type, with: signer)
    }

    /// Claims that nobody has vouched for: only to choose the keys.
    package static func unverifiedClaims(of token: String) throws(JWSError) -> JSONObject {
        let jws = try JWS(parsing: token)
        guard let claims = try? JSONObject(parsing: jws.payload) else { throw .malformed }
        return claims
    }

    private func checkNames(_ rules: JWTRules) throws(JWTError) {
        if let types = rules.types {
            guard let type = header["typ"]?.string, types.map(Self.plain).contains(Self.plain(type)) else { throw .type }
        }
        if let issuer = rules.issuer, claims["iss"]?.string != issuer { throw .issuer }
        if let audiences = rules.audiences {
            let named: [String] =
                switch claims["aud"] {
                case .string(let one)?: [one]
                case .array(let many)?: many.compactMap(\.string)
                default: []
                }
            guard !audiences.isDisjoint(with: named) else { throw .audience }
        }
        for name in rules.required where claims[name] == nil { throw .missing(name) }
    }

    private func checkTimes(_ rules: JWTRules, at now: TimeInterval) throws(JWTError) {
        let expiry = try time("exp")
        switch rules.expiry {
        case .required: guard expiry != nil else { throw .missing("exp") }
        case .ifPresent, .ignored: break
        }
        if let expiry, rules.expiry != .ignored, now >= expiry + rules.skew { throw .expired }
        if let notBefore = try time("nbf"), notBefore > now + rules.skew { throw .notYetValid }
        let issuedAt = try time("iat")
        if let issuedAt, issuedAt > now + rules.skew { throw .notYetValid }
        if let maximumAge = rules.maximumAge {
            guard let issuedAt else { throw .missing("iat") }
            guard now - issuedAt <= maximumAge + rules.skew else { throw .expired }
        }
    }

    /// A NumericDate in a range that arithmetic can bear.
    private func time(_ name: String) throws(JWTError) -> TimeInterval? {
        let seconds: TimeInterval
        switch claims[name] {
        case nil: return nil
        case .integer(let number)?: seconds = TimeInterval(number)
        case .number(let number)?: seconds = number
        default: throw .time(name)
        }
        guard (0...253_402_300_799).contains(seconds) else { throw .time(name) }
        return seconds
    }

    /// Compared without case and without the prefix that may be left out (RFC 7515 §4.1.9).
    private static func plain(_ type: String) -> String {
        let type = type.lowercased()
        return type.hasPrefix("application/") ? String(type.dropFirst(12)) : type
    }
}

/// Which rule a token broke. Never says anything of the token.
package enum JWTError: Error, Hashable {
    case signature(JWSError)
    case type, issuer, audience, expired, notYetValid
    case time(String)
    case missing(String)
}
