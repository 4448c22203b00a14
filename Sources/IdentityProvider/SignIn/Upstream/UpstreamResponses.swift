import HTTPTypes

/// Reads authorization responses of upstreams, including those that another site posts (OAuth 2.0 Form Post Response
/// Mode §2).
struct UpstreamResponses: Sendable {
    private let issuer: Issuer
    private let sealer: Sealer

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
    }

    /// The parameters that mean something to Martlet. `user` is Apple's.
    private static let names = ["state", "code", "iss", "error", "user"]
    /// In bytes. Sealed in a URL, the parameters grow by a third, and nginx refuses a request line of more than 8,192.
    private static let maximumLength = 5_000

    func response(in request: Request) throws -> UpstreamResponse {
        guard let sealed = request.parameters["response"] else { return try UpstreamResponse(request.parameters) }
        let text: String
        do { text = try sealer.open(String.self, from: sealed, for: .upstreamResponse) } catch {
            throw OAuthError.interactionLost.leading(to: .account(of: issuer))
        }
        return try UpstreamResponse(Parameters(parsing: text, limits: Limits()))
    }

    /// Sends the browser to the same path by `GET`, with the posted parameters sealed: the code stays out of the history
    /// of the browser and of logs.
    func relay(_ request: Request, to upstream: Upstream) throws -> Response {
        let sent = Self.names.compactMap { name in request.parameters[name].map { (name: name, value: $0) } }
        let text = FormEncoding.encode(sent)
        guard text.utf8.count <= Self.maximumLength else { throw OAuthError.contentTooLarge }
        let sealed = try sealer.seal(text, for: .upstreamResponse)
        return .redirect(to: "\(issuer.reference(.upstreamCallback.with(upstream.id.rawValue)))?response=\(sealed)")
    }
}
