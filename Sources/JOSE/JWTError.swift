/// Which rule a token broke. Never says anything of the token.
package enum JWTError: Error, Hashable {
    case malformed, criticalExtension, algorithm, unknownKey, signature
    case type, issuer, audience
    case expired, notYetValid, tooOld
    /// The claim is there, but is no time (RFC 7519 §2, NumericDate).
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
