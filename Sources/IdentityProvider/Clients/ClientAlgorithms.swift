import JOSE

/// The algorithms that a client registers for what Martlet signs for it.
struct ClientAlgorithms: Sendable, Hashable {
    let idToken: SignatureAlgorithm
    /// `nil` for plain JSON (OpenID Connect Core §5.3.2).
    let userInfo: SignatureAlgorithm?
    /// For clients that ask for a signed response (RFC 9701 §6).
    let introspection: SignatureAlgorithm
    /// For the response modes that end in `jwt` (JARM §3).
    let authorizationResponse: SignatureAlgorithm

    init(_ reader: inout DocumentReader, for profile: ClientProfile?) {
        // RS256 is the default (OpenID Connect Registration §2; JARM §3; RFC 9701 §6), except where it is forbidden.
        let standard: SignatureAlgorithm = profile == nil ? .rs256 : .ps256
        func algorithm(_ name: String, _ reader: inout DocumentReader) -> SignatureAlgorithm? {
            let algorithm = reader.value(name, KeyRing.algorithm(registered:))
            if let algorithm, profile != nil, !ClientProfile.algorithms.contains(algorithm) {
                reader.report(name, "must be ES256, PS256 or Ed25519 for the client's profile")
            }
            return algorithm
        }
        idToken = algorithm("id_token_signed_response_alg", &reader) ?? standard
        userInfo = algorithm("userinfo_signed_response_alg", &reader)
        introspection = algorithm("introspection_signed_response_alg", &reader) ?? standard
        authorizationResponse = algorithm("authorization_signed_response_alg", &reader) ?? standard
    }

    var all: Set<SignatureAlgorithm> {
        Set([idToken, introspection, authorizationResponse] + [userInfo].compactMap(\.self))
    }
}
