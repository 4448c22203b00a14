import Logging

/// The second line of defense against secrets in logs. The first is not to log them.
enum Redaction {
    /// Keys whose values are never written, in lowercase and without separators.
    private static let secretKeys: Set<String> = [
        "password", "passwordhash", "clientsecret", "secret", "code", "codeverifier", "token", "accesstoken",
        "refreshtoken", "idtoken", "idtokenhint", "authorizationheader", "cookie", "setcookie", "assertion",
        "clientassertion", "formtoken", "interaction", "totp", "totpsecret", "masterkey", "privatekey",
    ]

    static func isSecret(_ key: String) -> Bool {
        // Most keys are a single lowercase word and need no normalization.
        if key.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) {
            return secretKeys.contains(key)
        }
        return secretKeys.contains(key.lowercased().filter { $0 != "_" && $0 != "-" && $0 != "." })
    }

    /// Masks anything that looks like a token or private key, wherever it occurs.
    static func mask(_ text: String) -> String {
        guard mayHoldSecret(text),
            text.contains("eyJ") || text.contains("earer ") || text.contains("PRIVATE KEY")
        else { return text }
        if text.contains("PRIVATE KEY") { return "[redacted]" }
        var words: [Substring] = []
        var followsBearer = false
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            words.append(followsBearer || isCompactJWS(word) ? "[redacted]" : word)
            followsBearer = word.lowercased().hasSuffix("bearer")
        }
        return words.joined(separator: " ")
    }

    /// Rules out nearly all texts in one pass, because everything that is logged or exported is checked.
    private static func mayHoldSecret(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            switch (previous, byte) {
            case (UInt8(ascii: "y"), UInt8(ascii: "J")), (UInt8(ascii: "r"), UInt8(ascii: " ")),
                (UInt8(ascii: " "), UInt8(ascii: "K")):
                return true
            default: previous = byte
            }
        }
        return false
    }

    private static func isCompactJWS(_ word: Substring) -> Bool {
        guard let start = word.firstRange(of: "eyJ")?.lowerBound else { return false }
        return word[start...].count(where: { $0 == "." }) >= 2
    }

    static func value(_ value: Logger.MetadataValue, of key: String) -> Logger.MetadataValue {
        if isSecret(key) { return "[redacted]" }
        switch value {
        case .string(let text): return .string(mask(text))
        case .stringConvertible(let object): return .string(mask("\(object)"))
        case .array(let values): return .array(values.map { self.value($0, of: "") })
        case .dictionary(let members):
            return .dictionary(Dictionary(uniqueKeysWithValues: members.map { ($0, self.value($1, of: $0)) }))
        }
    }
}
