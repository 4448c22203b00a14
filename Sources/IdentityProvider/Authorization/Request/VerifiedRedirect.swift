import FoundationEssentials

/// Where the answer to an authorization request goes. Made only by matching a URI the client registered,
/// so nothing can be redirected anywhere else (RFC 6749 §10.15).
struct VerifiedRedirect: Codable, Sendable, Hashable {
    let uri: String
    let state: String?
    /// An unknown `response_mode` is answered as if there were none; the request is refused later.
    let mode: ResponseMode

    private enum CodingKeys: String, CodingKey {
        case uri, state, mode
    }

    /// Throws `invalid_request`; the answer must then be a page (RFC 6749 §4.1.2.1).
    init(_ parameters: Parameters, for client: Client) throws(OAuthError) {
        let requested = try parameters.required("redirect_uri")
        guard client.redirectURIs.contains(where: { $0.matches(requested) }) else {
            throw .invalidRequest("redirect_uri is not registered", reason: .redirectURIUnregistered)
        }
        uri = requested
        state = parameters["state"]
        mode = parameters["response_mode"].flatMap(ResponseMode.init) ?? .query
    }

    /// The redirect with `parameters` added to the query, which the registered URI may have already
    /// (RFC 6749 §3.1.2).
    func location(adding parameters: [(name: String, value: String)]) -> String {
        let answer = parameters + (state.map { [("state", $0)] } ?? [])
        return "\(uri)\(uri.contains("?") ? "&" : "?")\(FormEncoding.encode(answer))"
    }

    /// Whether the device delivers the response itself: any program on it may listen at a loopback port or claim a
    /// private-use scheme, and so pass for the client (RFC 8252 §8.6). Only https to another host proves who receives it.
    var staysOnDevice: Bool {
        guard let url = URL(string: uri), url.scheme?.lowercased() == "https", var host = url.host()?.lowercased()
        else { return true }
        // A fully qualified name may end in a dot.
        if host.hasSuffix(".") { host.removeLast() }
        if let address = IPAddress(node: host) { return address.isLoopback }
        // RFC 6761 §6.3: names below `localhost` are loopback names too.
        return host == "localhost" || host.hasSuffix(".localhost")
    }

    /// As Content Security Policy names it.
    var source: String { Origin.source(of: uri) }

    /// What a person reads as the place they return to.
    var host: String {
        uri.hasPrefix("http") ? String(source.drop { $0 != "/" }.dropFirst(2)) : source
    }
}

extension Client {
    /// Whether what a user agreed to before counts for a request with this redirect. A public client that receives the
    /// response on the device cannot be told from another program there (RFC 8252 §8.6).
    func remembersConsent(at redirect: VerifiedRedirect) -> Bool { !isPublic || !redirect.staysOnDevice }
}
