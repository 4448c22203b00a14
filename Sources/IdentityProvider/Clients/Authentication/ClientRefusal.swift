import HTTPTypes

/// Why a client was not authenticated. For the log and the audit log; the client gets `invalid_client` for each.
struct ClientRefusal: Error, CustomStringConvertible {
    /// The reason in the audit log.
    let name: String
    let sentence: String
    /// The error that led to it.
    var cause: (any Error)?

    var description: String { "\(name): \(cause.map { "\($0)" } ?? sentence)" }

    static let unknown = ClientRefusal(name: "unknown_client", sentence: "no client of this name is registered.")
    static let disabled = ClientRefusal(name: "disabled", sentence: "the client is disabled.")
    static let otherMethod = ClientRefusal(
        name: "other_method", sentence: "the client is registered with another token_endpoint_auth_method.")
    static let throttled = ClientRefusal(
        name: "throttled", sentence: "too many attempts failed from this network (RFC 6749 §2.3.1).")
}

extension OAuthError {
    /// The same for an unknown client, a wrong secret and another method, so that none can be told from the others. It has
    /// a challenge if the client used the `Authorization` field (RFC 6749 §5.2).
    static func invalidClient(scheme: AuthenticationScheme? = nil, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(
            code: .invalidClient, description: "client authentication failed",
            headers: scheme.map { [.wwwAuthenticate: $0.challenge()] } ?? [:], cause: cause)
    }
}
