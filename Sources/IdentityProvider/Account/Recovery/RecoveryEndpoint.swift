import HTTPTypes

extension Path {
    static let cancelRecovery = Path("/recovery/cancel")
    static let finishRecovery = Path("/recovery/finish")
}

/// Handles the links in emails about a recovery: cancels it or, after the wait, completes it.
struct RecoveryEndpoint: LinkEndpoint {
    let purpose: MailLinkPurpose
    let evidence: RecoveryEvidence
    let pages: LinkPages
    let links: MailLinks
    let recoveries: AccountRecoveries

    init(_ core: Core, purpose: MailLinkPurpose, evidence: RecoveryEvidence) {
        self.purpose = purpose
        self.evidence = evidence
        pages = LinkPages(core)
        links = MailLinks(core)
        recoveries = AccountRecoveries(core)
    }

    var routes: [Route] { Route.page(purpose.path) }

    func show(_ request: Request) async throws -> Response {
        _ = try await links.open(request, for: purpose)
        return pages.question(
            evidence == .cancellation ? "recovery_cancel" : "recovery_finish", at: purpose.path, request,
            ["is_destructive": .flag(evidence != .cancellation)])
    }

    func submit(_ request: Request) async throws -> Response {
        guard case (let link, let user?) = try await links.open(request, for: purpose) else {
            throw OAuthError.linkLost
        }
        try await links.consume(link)
        switch try await recoveries.act(on: evidence, for: user, after: request).step {
        case .remove:
            let reset = pages.issuer.reference(.forgotPassword)
            return pages.done(
                "recovery_finished", user.passwordHash == nil ? ["continue_uri": .text(reset)] : [:],
                next: pages.signIn)
        case .cancel: return pages.done("recovery_canceled")
        case .start, .wait, .nothing: throw OAuthError.linkLost
        }
    }
}
