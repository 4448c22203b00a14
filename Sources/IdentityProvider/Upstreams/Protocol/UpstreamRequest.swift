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
        return metadata.authorizationEndpoint + separator + FormEncoding.encode(parameters)
    }

    private var parameters: [(name: String, value: String)] {
        var parameters = [
            (name: "response_type", value: "code"), ("client_id", upstream.clientID), ("redirect_uri", redirectURI),
            ("state", state),
        ]
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { parameters.append((name, value)) }
        }
        add("scope", upstream.scope.text)
        if upstream.responseMode != .query { add("response_mode", upstream.responseMode.rawValue) }
        if metadata.keysURI != nil { add("nonce", nonce) }
        if upstream.usesPKCE {
            add("code_challenge", challenge)
            add("code_challenge_method", "S256")
        }
        add("prompt", prompts.map(\.rawValue).joined(separator: " "))
        add("max_age", maxAge.map(String.init))
        add("login_hint", loginHint)
        add("ui_locales", languages.joined(separator: " "))
        add("acr_values", contexts.joined(separator: " "))
        for (name, value) in upstream.parameters.sorted(by: { $0.key < $1.key }) { add(name, value) }
        return parameters
    }

    /// S256 (RFC 7636 §4.2).
    private var challenge: String { Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8)))) }
}
