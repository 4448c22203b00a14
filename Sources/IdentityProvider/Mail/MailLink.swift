import Crypto
import FoundationEssentials
import HTTPTypes
import JOSE

/// What a link in an email permits: once, for a limited time, and only while the account state behind it is unchanged.
struct MailLink: Codable, Sendable {
    let id: String
    let user: Identifier<User>?
    /// The address that the email went to, or the one that was requested.
    let address: MailAddress?
    /// A digest of the user's state when the link was created; `nil` without a user.
    let fingerprint: String?
    let expiresAt: Date

    private enum CodingKeys: String, CodingKey {
        case id, user, address, fingerprint, expiresAt
    }
}

/// The purpose of a link. A link cannot be opened for another purpose.
struct MailLinkPurpose: Sendable {
    /// The page that the link opens.
    let path: Path
    /// In seconds.
    let lifetime: TimeInterval
    /// Whether a new password invalidates the link. Links that protect against an attacker,
    /// who can set one, must stay valid.
    let endsWithPassword: Bool

    static let signUp = MailLinkPurpose(path: .finishSignUp, lifetime: 86_400, endsWithPassword: true)
    static let invitation = MailLinkPurpose(path: .invitation, lifetime: 7 * 86_400, endsWithPassword: true)
    static let passwordReset = MailLinkPurpose(path: .resetPassword, lifetime: 3_600, endsWithPassword: true)
    static let emailVerification = MailLinkPurpose(path: .verifyEmail, lifetime: 86_400, endsWithPassword: false)
    static let emailChange = MailLinkPurpose(path: .agreeToEmail, lifetime: 86_400, endsWithPassword: true)
    static let newEmail = MailLinkPurpose(path: .newEmail, lifetime: 86_400, endsWithPassword: true)
    static let notMe = MailLinkPurpose(path: .notMe, lifetime: 7 * 86_400, endsWithPassword: false)
    static let recoveryCancel = MailLinkPurpose(path: .cancelRecovery, lifetime: 30 * 86_400, endsWithPassword: false)
    static let recoveryFinish = MailLinkPurpose(path: .finishRecovery, lifetime: 7 * 86_400, endsWithPassword: false)
    static let unlock = MailLinkPurpose(path: .unlock, lifetime: 86_400, endsWithPassword: false)

    static let all = [
        signUp, invitation, passwordReset, emailVerification, emailChange, newEmail, notMe,
        recoveryCancel, recoveryFinish, unlock,
    ]

    var sealed: SealedPurpose { .transit("link \(path.text)") { [lifetime] _ in lifetime } }
}

/// Creates, opens and consumes links.
struct MailLinks: Sendable {
    let issuer: Issuer
    let sealer: Sealer
    let users: any UserStore
    let singleUse: any SingleUseStore
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        users = core.stores.users
        singleUse = core.stores.singleUse
        now = core.now
    }

    /// Returns the URL of a new link. Always under the configured issuer, whatever host the request names.
    func url(for purpose: MailLinkPurpose, user: User? = nil, address: MailAddress? = nil) throws -> String {
        try issuer.url(purpose.path) + "?link=\(text(for: purpose, user: user, address: address))"
    }

    func text(for purpose: MailLinkPurpose, user: User? = nil, address: MailAddress? = nil) throws -> String {
        try sealer.seal(
            MailLink(
                id: Base64URL.encode(RandomBytes.make(16)), user: user?.id, address: address,
                fingerprint: user.map { Self.fingerprint(of: $0, purpose) },
                expiresAt: now().addingTimeInterval(purpose.lifetime)),
            for: purpose.sealed)
    }

    /// Returns the link in the request, and its user. Throws the same error whether the link is foreign, expired, used
    /// or outdated, so that the page reveals nothing.
    func open(_ request: Request, for purpose: MailLinkPurpose) async throws -> (link: MailLink, user: User?) {
        guard let text = request.parameters["link"],
            let link = try? sealer.open(MailLink.self, from: text, for: purpose.sealed), now() < link.expiresAt,
            try await !singleUse.isConsumed(link.id, for: .mailLink)
        else { throw OAuthError.linkLost }
        guard let id = link.user else { return (link, nil) }
        guard let user = try await users.findEnabled(id),
            link.fingerprint == Self.fingerprint(of: user, purpose)
        else { throw OAuthError.linkLost }
        return (link, user)
    }

    /// Consumes the link. Of concurrent calls for one link, exactly one returns; the others throw.
    func consume(_ link: MailLink) async throws {
        guard try await singleUse.consume(link.id, for: .mailLink, until: link.expiresAt) else {
            throw OAuthError.linkLost
        }
    }

    private static func fingerprint(of user: User, _ purpose: MailLinkPurpose) -> String {
        let parts = [user.email.map(User.key) ?? "", purpose.endsWithPassword ? user.passwordHash ?? "" : ""]
        return Base64URL.encode(Array(SHA256.hash(data: Array(parts.joined(separator: "\u{0}").utf8)).prefix(16)))
    }
}

extension OAuthError {
    static let linkLost = OAuthError(
        code: .invalidRequest, description: "this link was used, has expired, or is no longer valid", status: .gone,
        reason: .linkLost)
}
