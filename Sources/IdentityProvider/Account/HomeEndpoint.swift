extension Path { static let home = Path("/") }

/// The issuer URL itself. Users who type it in expect their account, so it redirects there.
struct HomeEndpoint: Endpoint {
    private let issuer: Issuer

    init(_ core: Core) { issuer = core.issuer }

    /// An issuer with a path also answers without the trailing slash.
    var routes: [Route] { [.get(.home)] + (issuer.path.isEmpty ? [] : [.get(Path(""))]) }

    func respond(to request: Request) async throws -> Response { .redirect(to: issuer.reference(.account)) }

    func response(to error: OAuthError) -> Response { .page(error) }
}
