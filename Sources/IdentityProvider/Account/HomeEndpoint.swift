extension Path { static let home = Path("/") }

/// The issuer's own address, where users look for their account.
struct HomeEndpoint: Endpoint {
    private let issuer: Issuer

    init(_ core: Core) { issuer = core.issuer }

    /// An issuer below a path is addressed without the final slash as well.
    var routes: [Route] { [.get(.home)] + (issuer.path.isEmpty ? [] : [.get(Path(""))]) }

    func respond(to request: Request) async throws -> Response { .redirect(to: issuer.reference(.account)) }

    func response(to error: OAuthError) -> Response { .page(error) }
}
