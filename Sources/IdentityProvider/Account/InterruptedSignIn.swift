import FoundationEssentials

/// Leads people back to the sign-in that they left for their mailbox. It waits in a cookie: the link in the mail may be
/// opened anywhere, but only the browser that began goes on.
struct InterruptedSignIn: Sendable {
    private let cookie: Cookie
    private let interactions: InteractionKeeper
    private let pages: InteractionPages

    /// Browsers keep 4,096 bytes of name, value and attributes (RFC 6265 §6.1). Whatever is longer is not waited for.
    private static let maximumLength = 3_800

    init(_ core: Core) {
        cookie = Cookie("interrupted", of: core.issuer)
        interactions = InteractionKeeper(core)
        pages = InteractionPages(core)
    }

    /// The `Set-Cookie` value for a browser that comes from a sign-in.
    func remember(_ request: Request) -> String? {
        guard let interaction = try? interactions.resume(request), let text = try? interactions.seal(interaction),
            text.utf8.count <= Self.maximumLength
        else { return nil }
        return cookie.setting(text, maxAge: Int(interactions.lifetime))
    }

    /// `nil` where none waits, or none that is still good.
    func resume(_ request: Request) -> Interaction? {
        cookie.value(in: request).flatMap { try? interactions.resume($0, in: request) }
    }

    /// What the pages in between show of the request that the sign-in is for. `request` comes from the sign-in page, or has
    /// its cookie.
    func setting(_ request: Request) async throws -> PageSetting? {
        guard let interaction = (try? interactions.resume(request)) ?? resume(request) else { return nil }
        return try await pages.setting(of: interaction)
    }

    /// Where somebody goes on who came from none: their account.
    func location(_ request: Request) throws -> String {
        try resume(request).map { try interactions.location($0.path, $0) } ?? interactions.issuer.reference(.account)
    }

    func clearing() -> String { cookie.clearing() }
}
