/// The rule that a token broke. Contains nothing from the token.
package enum JWTError: Error, Hashable {
    case malformed, criticalExtension, algorithm, unknownKey, signature
    case type, issuer, audience
    case expired, notYetValid, tooOld
    /// The claim is present, but is not a time (RFC 7519 §2, NumericDate).
    case time(String)
    case missing(String)

    init(_ error: JWSError) {
        self =
            switch error {
            case .malformed: .malformed
            case .criticalExtension: .criticalExtension
            case .algorithm: .algorithm
            case .unknownKey: .unknownKey
            case .signature: .signature
            }
    }
}
