import HTTPTypes

/// The reason why client authentication failed. Only the logs contain it. The client always gets `invalid_client`.
struct ClientRefusal: Error, CustomStringConvertible {
    /// The reason in the audit log.
    let name: String
    /// Explains the reason to operators. Follows a colon.
    let sentence: String
    var cause: (any Error)?

    var description: String { "\(name): \(cause.map { "\($0)" } ?? sentence)" }

    static let unknown = ClientRefusal(
        name: "unknown_client",
        sentence: """
            no client with this client_id is registered. Add it to clients in the resource file and run `martlet apply`. \
            The value is not shown, because it may be a secret in the wrong place.
            """)
    static let disabled = ClientRefusal(
        name: "disabled", sentence: "the client is disabled. `martlet client enable` enables it.")
    static let otherMethod = ClientRefusal(
        name: "other_method", sentence: "the client is registered with a different token_endpoint_auth_method.")
    static let throttled = ClientRefusal(
        name: "throttled", sentence: "too many failed attempts from this network (RFC 6749 §2.3.1).")
}

extension OAuthError {
    /// The same error for an unknown client, a wrong secret and a wrong method, which prevents enumeration of clients.
    /// It has a challenge if the client used the `Authorization` field (RFC 6749 §5.2).
    static func invalidClient(scheme: AuthenticationScheme? = nil, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(
            code: .invalidClient, description: "client authentication failed",
            headers: scheme.map { [.wwwAuthenticate: $0.challenge()] } ?? [:], cause: cause)
    }
}
