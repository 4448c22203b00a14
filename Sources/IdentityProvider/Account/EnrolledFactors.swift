/// Shows a user the factors they have enrolled.
struct EnrolledFactors: Sendable {
    private let totp: any TOTPCredentialStore
    private let passkeys: any PasskeyStore
    private let recoveryCodes: any RecoveryCodeStore
    private let upstreamLinks: any UpstreamLinkStore
    private let upstreams: CachedUpstreams

    init(_ core: Core) {
        totp = core.stores.totpCredentials
        passkeys = core.stores.passkeys
        recoveryCodes = core.stores.recoveryCodes
        upstreamLinks = core.stores.upstreamLinks
        upstreams = core.upstreams
    }

    func show(_ user: User, on page: inout Page) async throws {
        page.data["has_password"] = .flag(user.passwordHash != nil)
        page.data["authenticators"] = .list(try await totp.credentials(of: user.id).map(Self.describe))
        page.data["passkey_count"] = .text(String(try await passkeys.passkeys(of: user.id).count))
        page.data["recovery_code_count"] = .text(String(try await recoveryCodes.count(of: user.id)))
        let links = try await upstreamLinks.links(of: user.id).count
        let hasUpstreams = try await !upstreams.enabled().isEmpty
        if links > 0 || hasUpstreams { page.data["upstreams"] = ["count": .text(String(links))] }
    }

    private static func describe(_ credential: TOTPCredential) -> Page.Value {
        [
            "id": .text(credential.id.rawValue), "name": .text(credential.name),
            "since": .time(credential.createdAt, .day),
        ]
    }
}
