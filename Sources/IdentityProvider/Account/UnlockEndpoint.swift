import HTTPTypes
import Logging

extension Path { static let unlock = Path("/unlock") }

/// Unlocks an account with a link from the lockout email, by resetting its failure counters.
struct UnlockEndpoint: LinkEndpoint {
    let pages: LinkPages
    let links: MailLinks
    let attempts: AttemptLimiter
    let recoveries: AccountRecoveries
    let audit: AuditLog
    let routes = Route.page(.unlock)

    init(_ core: Core) {
        pages = LinkPages(core)
        links = MailLinks(core)
        attempts = AttemptLimiter(core)
        recoveries = AccountRecoveries(core)
        audit = core.audit
    }

    func show(_ request: Request) async throws -> Response {
        _ = try await links.open(request, for: .unlock)
        return pages.question("unlock", at: .unlock, request)
    }

    func submit(_ request: Request) async throws -> Response {
        guard case (let link, let user?) = try await links.open(request, for: .unlock) else {
            throw OAuthError.linkLost
        }
        try await links.consume(link)
        // A password reset by email proves only access to the mailbox, which must not allow more guesses at the second
        // factor.
        let isMailed = recoveries.isPasswordMailed(user)
        try await attempts.unlock(AttemptCounter.all(of: user).filter { !isMailed || $0.rule != .secondFactor })
        audit.record(.accountUnlocked, user: user.id)
        return pages.done("unlocked", next: pages.signIn)
    }
}
