import FoundationEssentials
import JOSE
import Logging

/// Puts mails into the outbox that strangers ask for: so many an hour for each recipient and each network, counted by all
/// nodes together. A flood from one network uses up that network's share alone.
struct MailRequests: Sendable {
    let queue: MailQueue
    let digester: SecretDigester
    let now: @Sendable () -> Date

    init(_ core: Core) {
        queue = MailQueue(core)
        digester = core.digester
        now = core.now
    }

    /// Mails an hour. A recipient is what was typed, whether anybody has that name or not.
    static let perRecipient = 6
    /// Requests an hour of an IPv4 /24 or IPv6 /48.
    static let perNetwork = 120
    /// Mails an hour to addresses that have no account, in all: strangers are written to, and the mail server's reputation
    /// bears no more.
    static let signUps = 7_200

    /// Throws `temporarily_unavailable` when the network has asked too often, or too much waits.
    func add(_ occasion: Mail.Occasion, after request: Request) async throws {
        let recipient = occasion.recipient.map(recipient)
        var shares = [network(of: request), recipient].compactMap(\.self)
        if case .signUp = occasion { shares.append(signUps) }
        let admission = try await queue.add(occasion, after: request, within: shares)
        if case .usedUp(recipient) = admission {
            // There are mails enough in that mailbox. The answer is the same: a stranger must not learn that somebody else
            // asks, nor keep the recipient from the page.
            Logger.current.notice("too many mails were asked for to one recipient")
        } else {
            try check(admission)
        }
    }

    /// Counts a request for an account and the mail to `address` that will follow, as `add` counts a sign-up. Returns
    /// whether that mail may be sent: `false` beyond the recipient's share. Throws as `add`.
    func takeSignUp(mailing address: MailAddress?, after request: Request) async throws -> Bool {
        let network = network(of: request)
        if let address {
            let recipient = recipient(User.key(of: address.text))
            let admission = try await queue.add(nil, after: request, within: [network, recipient, signUps])
            guard case .usedUp(recipient) = admission else {
                try check(admission)
                return true
            }
            Logger.current.notice("too many mails were asked for to one recipient")
        }
        try check(try await queue.add(nil, after: request, within: [network]))
        return false
    }

    private func check(_ admission: MailAdmission) throws {
        switch admission {
        case .added: return
        case .usedUp(let share):
            throw OAuthError.tooManyRequests(until: share.endsAt, at: now())
        case .full: throw OAuthError.tooManyRequests(retryAfter: 60)
        }
    }

    private func network(of request: Request) -> MailShare {
        let address = request.remoteAddress
        return share("from \(KnownNetwork.name(of: address) ?? address)", Self.perNetwork)
    }

    private func recipient(_ key: String) -> MailShare { share("to \(key)", Self.perRecipient) }

    private var signUps: MailShare { share("sign-ups", Self.signUps) }

    /// The mails that may be requested under `name` this hour.
    private func share(_ name: String, _ limit: Int) -> MailShare {
        let hour = ClockHour(of: now())
        let digest = digester.digest("\(name) \(hour.number)", of: MailShare.self)
        return MailShare(name: Base64URL.encode(digest.bytes), limit: limit, endsAt: hour.end)
    }
}

extension Mail.Occasion {
    /// Who is written to, as far as it was typed or is known from a session.
    fileprivate var recipient: String? {
        switch self {
        case .signUp(let address): User.key(of: address.text)
        case .passwordReset(let name): User.key(of: name)
        case .emailVerification(let user), .emailChange(let user, _): "user \(user)"
        default: nil
        }
    }
}
