/// The cookie that remembers the upstream of the last sign-in, so that the sign-in page shows it first. Proves nothing.
struct LastUpstream: Sendable {
    private let cookie: Cookie

    init(of issuer: Issuer) { cookie = Cookie("last-upstream", of: issuer) }

    func upstream(in request: Request) -> Identifier<Upstream>? {
        cookie.value(in: request).map(Identifier.init(rawValue:))
    }

    func setting(_ id: Identifier<Upstream>) -> String { cookie.setting(id.rawValue, maxAge: Self.lifetime) }

    /// A year, in seconds.
    private static let lifetime = 365 * 86_400
}
