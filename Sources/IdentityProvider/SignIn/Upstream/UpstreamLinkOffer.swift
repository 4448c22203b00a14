import FoundationEssentials

/// What a signed-in user may do on the page of linked accounts: sign in at an upstream or, once they have, add the account
/// there to their own. A link with one works only in the session that it was made for, so no other site can start or
/// finish it.
struct UpstreamLinkOffer: Codable, Sendable {
    let user: Identifier<User>
    let session: Identifier<Session>
    let upstream: Identifier<Upstream>
    let authority: Identifier<UpstreamAuthority>
    /// The upstream's `sub`, once the user has signed in there.
    let subject: String?
    let label: String?
    let madeAt: Date

    private enum CodingKeys: String, CodingKey { case user, session, upstream, authority, subject, label, madeAt }
}

/// Seals offers and opens them for the session that they were made for.
struct UpstreamLinkOffers: Sendable {
    private let issuer: Issuer
    private let sealer: Sealer
    /// In seconds.
    private let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        lifetime = core.settings.lifetimes.factor
        now = core.now
    }

    func make(
        for user: User, in session: Session, at upstream: Upstream, subject: String? = nil, label: String? = nil
    ) -> UpstreamLinkOffer {
        UpstreamLinkOffer(
            user: user.id, session: session.id, upstream: upstream.id, authority: upstream.authority,
            subject: subject, label: label, madeAt: now())
    }

    func seal(_ offer: UpstreamLinkOffer) throws -> String { try sealer.seal(offer, for: .upstreamLinkOffer) }

    /// Returns the location of the page for the offer.
    func location(_ offer: UpstreamLinkOffer) throws -> String {
        "\(issuer.reference(.linkedAccounts))?offer=\(try seal(offer))"
    }

    /// Returns the offer of the request, or `nil` if it has expired or was made for another session.
    func open(_ request: Request, for user: User, in session: Session) -> UpstreamLinkOffer? {
        guard let text = request.parameters["offer"],
            let offer = try? sealer.open(UpstreamLinkOffer.self, from: text, for: .upstreamLinkOffer),
            offer.user == user.id, offer.session == session.id, now() < offer.madeAt.addingTimeInterval(lifetime)
        else { return nil }
        return offer
    }
}

extension SealedPurpose {
    static let upstreamLinkOffer = transit("upstream link offer") { $0.factor }
}
