import FoundationEssentials

extension JWTRules {
    func check(header: JSONObject) throws(JWTError) {
        guard let types else { return }
        guard let type = header["typ"]?.string, types.contains(where: { Self.plain($0) == Self.plain(type) }) else {
            throw .type
        }
    }

    /// `now` is in seconds since 1970.
    func check(claims: JSONObject, at now: TimeInterval) throws(JWTError) {
        if let issuer {
            // RFC 7519 §4.1.1.
            guard let named = claims["iss"]?.string, named.isExactly(issuer) else { throw .issuer }
        }
        if let audiences {
            // RFC 7519 §4.1.3: a recipient that is not in `aud` must refuse the token.
            let named = Self.texts(claims["aud"])
            guard audiences.contains(where: { own in named.contains { $0.isExactly(own) } }) else { throw .audience }
        }
        try checkTimes(claims, at: now)
        for name in required.sorted() where claims[name] == nil || claims[name] == .null { throw .missing(name) }
    }

    private func checkTimes(_ claims: JSONObject, at now: TimeInterval) throws(JWTError) {
        let expiry = try Self.time("exp", claims)
        let notBefore = try Self.time("nbf", claims)
        let issuedAt = try Self.time("iat", claims)
        if self.expiry == .required, expiry == nil { throw .missing("exp") }
        // RFC 7519 §4.1.4: from that second on, the token is invalid.
        if let expiry, self.expiry != .ignored, now >= expiry + skew { throw .expired }
        // RFC 7519 §4.1.5.
        if let notBefore, now < notBefore - skew { throw .notYetValid }
        // If a token is from the future, its issuer's clock or intent cannot be trusted.
        if let issuedAt, now < issuedAt - skew { throw .notYetValid }
        if let maximumAge {
            guard let issuedAt else { throw .missing("iat") }
            guard now - issuedAt <= maximumAge + skew else { throw .tooOld }
        }
    }

    /// Returns a NumericDate from 1970 to the year 9999. Anything else is a mistake or an attack.
    private static func time(_ name: String, _ claims: JSONObject) throws(JWTError) -> TimeInterval? {
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

    /// Returns the values of a string or an array of strings; empty for anything else.
    private static func texts(_ value: JSON?) -> [String] {
        switch value {
        case .string(let text)?: return [text]
        case .array(let items)?:
            let texts = items.compactMap(\.string)
            return texts.count == items.count ? texts : []
        default: return []
        }
    }

    /// Returns a `typ` in lowercase ASCII, without the optional `application/` prefix (RFC 7515 §4.1.9).
    private static func plain(_ type: String) -> [UInt8] {
        let type = type.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let prefix = Array("application/".utf8)
        return type.starts(with: prefix) ? Array(type.dropFirst(prefix.count)) : type
    }
}
