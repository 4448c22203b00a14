import Crypto
import JOSE

/// An authorization request to an upstream (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).
struct UpstreamRequest: Sendable {
    let upstream: Upstream
    let metadata: UpstreamMetadata
    let redirectURI: String
    let state: String
    let nonce: String
    /// The `code_verifier` (RFC 7636 §4.1).
    let verifier: String
    var prompts: [Prompt] = []
    /// The maximum time since the user signed in at the upstream, in seconds.
    var maxAge: Int?
    var loginHint: String?
    var languages: [String] = []
    var contexts: [String] = []

    /// The URL that the browser is sent to.
    var url: String {
        // RFC 6749 §3.1 allows a query and demands that it is kept.
        let separator = metadata.authorizationEndpoint.contains("?") ? "&" : "?"
        return metadata.authorizationEndpoint + separator
            + FormEncoding.encode(parameters.compactMap { name, value in value.map { (name, $0) } })
    }

    private var parameters: [(name: String, value: String?)] {
        [
            ("response_type", "code"), ("client_id", upstream.clientID), ("redirect_uri", redirectURI),
            ("scope", upstream.scope.isEmpty ? nil : upstream.scope.text), ("state", state),
            ("nonce", metadata.keysURI == nil ? nil : nonce),
            ("code_challenge", upstream.usesPKCE ? challenge : nil),
            ("code_challenge_method", upstream.usesPKCE ? "S256" : nil),
            ("response_mode", upstream.responseMode == .query ? nil : upstream.responseMode.rawValue),
            ("prompt", prompts.isEmpty ? nil : prompts.map(\.rawValue).joined(separator: " ")),
            ("max_age", maxAge.map(String.init)), ("login_hint", loginHint),
            ("ui_locales", languages.isEmpty ? nil : languages.joined(separator: " ")),
            ("acr_values", contexts.isEmpty ? nil : contexts.joined(separator: " ")),
        ] + upstream.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// S256 (RFC 7636 §4.2).
    private var challenge: String { Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8)))) }
}
