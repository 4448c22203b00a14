import FoundationEssentials
import JOSE

/// The destination of an authorization response. Created only by matching a registered URI, which rules out open
/// redirects (RFC 6749 §10.15).
struct VerifiedRedirect: Codable, Sendable, Hashable {
    let uri: String
    let state: String?
    /// The client's default if it may not use `response_mode`, so that the error that follows can be returned to it.
    let mode: ResponseMode

    private enum CodingKeys: String, CodingKey {
        case uri, state, mode
    }

    /// Throws `invalid_request`, which must be shown on a page and not redirected (RFC 6749 §4.1.2.1).
    init(_ parameters: Parameters, for client: Client) throws(OAuthError) {
        let requested = try parameters.required("redirect_uri")
        guard client.redirectURIs.contains(where: { $0.matches(requested) }) else {
            throw Self.unregistered(requested, client)
        }
        uri = requested
        state = parameters["state"]
        let modes = client.responseModes
        mode = modes.first { $0.rawValue == parameters["response_mode"] } ?? modes[0]
    }

    private static func unregistered(_ requested: String, _ client: Client) -> OAuthError {
        let sent = SentText(requested)
        let advice = """
            The redirect_uri \(sent) is not registered for the client \(client.id). URIs must match exactly. Add it to \
            redirect_uris of the client in the resource file and run `martlet apply`. \
            \(Unregistered.registered(client.redirectURIs.map(\.text)))
            """
        Decision.note(advice)
        return .invalidRequest(
            "redirect_uri is not registered", reason: .redirectURIUnregistered,
            cause: Unregistered("redirect_uri", sent, advice))
    }

    /// Returns the redirect URI with `parameters` appended to its query. The registered URI may already have one
    /// (RFC 6749 §3.1.2).
    func location(adding parameters: [(name: String, value: String)]) -> String {
        "\(uri)\(uri.contains("?") ? "&" : "?")\(FormEncoding.encode(parameters))"
    }

    /// Returns the redirect URI with `parameters` as its fragment.
    func location(withFragment parameters: [(name: String, value: String)]) -> String {
        "\(uri)#\(FormEncoding.encode(parameters))"
    }

    /// Whether the response is delivered on the user's device. Any program there can listen on a loopback port or claim
    /// a private-use scheme to impersonate the client (RFC 8252 §8.6). Only `https` to another host proves who receives
    /// it.
    var staysOnDevice: Bool {
        guard let url = URL(string: uri), url.scheme?.lowercased() == "https", var host = url.host()?.lowercased()
        else { return true }
        // A fully qualified name may end in a dot.
        if host.hasSuffix(".") { host.removeLast() }
        if let address = IPAddress(node: host) { return address.isLoopback }
        // Names below `localhost` are loopback names (RFC 6761 §6.3).
        return host == "localhost" || host.hasSuffix(".localhost")
    }

    /// The source expression for Content Security Policy.
    var source: String { Origin.source(of: uri) }

    /// The destination shown to the user on the consent page.
    var host: String {
        uri.hasPrefix("http") ? String(source.drop { $0 != "/" }.dropFirst(2)) : source
    }
}

extension Client {
    /// The permitted values of `response_mode`, the default one first. Signed responses are for clients that expect them:
    /// others would ignore the response, and leave a code where a script could find it. Some profiles permit nothing else
    /// (FAPI 2.0 Message Signing §5.4).
    var responseModes: [ResponseMode] {
        ResponseMode.allCases.filter { $0.isSigned ? readsSignedResponses : !requestRules.responsesAreSigned }
    }

    private var readsSignedResponses: Bool {
        profile != nil || metadata["authorization_signed_response_alg"] != nil
    }

    /// Whether earlier consent applies to a request with this redirect. A public client that receives the response on
    /// the device can't be distinguished from another program there (RFC 8252 §8.6).
    func remembersConsent(at redirect: VerifiedRedirect) -> Bool { !isPublic || !redirect.staysOnDevice }
}
