import FoundationEssentials

/// Returns users to the sign-in they left to check their email. A cookie holds it, so the link in the email can be
/// opened anywhere, but only the original browser continues.
struct InterruptedSignIn: Sendable {
    private let cookie: Cookie
    private let interactions: InteractionKeeper
    private let pages: InteractionPages

    /// Browsers store up to 4,096 bytes of name, value and attributes (RFC 6265 §6.1). Longer sign-ins are not
    /// remembered.
    private static let maximumLength = 3_800

    init(_ core: Core) {
        cookie = Cookie("interrupted", of: core.issuer)
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
    }

    /// Returns the `Set-Cookie` value for a browser that comes from a sign-in, otherwise `nil`.
    func remember(_ request: Request) -> String? {
        guard let interaction = try? interactions.resume(request), let text = try? interactions.seal(interaction),
            text.utf8.count <= Self.maximumLength
        else { return nil }
        return cookie.setting(text, maxAge: Int(interactions.lifetime))
    }

    /// Returns the interrupted sign-in, or `nil` if there is none or it has expired.
    func resume(_ request: Request) -> Interaction? {
        cookie.value(in: request).flatMap { try? interactions.resume($0, in: request) }
    }

    /// Returns what the pages in between show about the request that the sign-in is for. `request` comes from the
    /// sign-in page or carries its cookie.
    func setting(_ request: Request) async throws -> PageSetting? {
        guard let interaction = underWay(request) else { return nil }
        return try await pages.setting(of: interaction)
    }

    /// Returns the location of the sign-in page for users who have an account.
    func signIn(_ request: Request) throws -> String? {
        try underWay(request).map { try interactions.location(.signIn, $0) }
    }

    private func underWay(_ request: Request) -> Interaction? {
        (try? interactions.resume(request)) ?? resume(request)
    }

    /// Returns where to continue: the interrupted sign-in or, without one, the account page.
    func location(_ request: Request) throws -> String {
        try resume(request).map { try interactions.location($0.path, $0) } ?? interactions.issuer.reference(.account)
    }

    func clearing() -> String { cookie.clearing() }
}
