import FoundationEssentials
import JOSE
import Logging

/// Queues emails that anyone can request, limited per hour for each recipient and each network, across all nodes. A
/// flood from one network uses up only the quota of that network.
struct MailRequests: Sendable {
    let queue: MailQueue
    /// Requests per hour from an IPv4 /24 or IPv6 /48.
    let perNetwork: Int
    let digester: SecretDigester
    let now: @Sendable () -> Date

    init(_ core: Core) {
        queue = MailQueue(core)
        perNetwork = core.settings.limits.emailsPerNetwork
        digester = core.digester
        now = core.now
    }

    /// Emails per hour. A recipient is the name that was typed, whether or not an account has it.
    static let perRecipient = 6
    /// Emails per hour to all addresses that no account has yet. They go to strangers, and more would harm the
    /// reputation of the mail server.
    static let signUps = 7_200

    /// Queues an email. Throws `temporarily_unavailable` if the network has used up its quota or the outbox is full.
    /// `isForStranger` counts the email as a sign-up.
    func add(_ occasion: Mail.Occasion, after request: Request, isForStranger: Bool = false) async throws {
        let recipient = occasion.recipient.map(recipient)
        var shares = [network(of: request), recipient].compactMap(\.self)
        if case .signUp = occasion { shares.append(signUps) }
        if isForStranger { shares.append(signUps) }
        let admission = try await queue.add(occasion, after: request, within: shares)
        if case .usedUp(recipient) = admission {
            // That mailbox has received enough. The response stays the same: a stranger must not learn of other
            // requests, nor keep the recipient from this page.
            Logger.current.notice("email not sent: hourly limit for one recipient reached")
        } else {
            try check(admission)
        }
    }

    /// Counts a request for an account and the email to `address` that will follow, as `add` counts a sign-up. Returns
    /// whether that email may be sent: `false` if the recipient's quota is used up. Throws like `add`.
    func takeSignUp(mailing address: MailAddress?, after request: Request) async throws -> Bool {
        let network = network(of: request)
        if let address {
            let recipient = recipient(User.key(of: address.text))
            let admission = try await queue.add(nil, after: request, within: [network, recipient, signUps])
            guard case .usedUp(recipient) = admission else {
                try check(admission)
                return true
            }
            Logger.current.notice("email not sent: hourly limit for one recipient reached")
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
        return share("from \(KnownNetwork.name(of: address) ?? address)", perNetwork)
    }

    private func recipient(_ key: String) -> MailShare { share("to \(key)", Self.perRecipient) }

    private var signUps: MailShare { share("sign-ups", Self.signUps) }

    /// Returns the quota called `name` for the current hour.
    private func share(_ name: String, _ limit: Int) -> MailShare {
        let hour = ClockHour(of: now())
        let digest = digester.digest("\(name) \(hour.number)", of: MailShare.self)
        return MailShare(name: Base64URL.encode(digest.bytes), limit: limit, endsAt: hour.end)
    }
}

extension Mail.Occasion {
    /// The key of the recipient, as far as it was typed or is known from a session.
    fileprivate var recipient: String? {
        switch self {
        case .signUp(let address): User.key(of: address.text)
        case .passwordReset(let name): User.key(of: name)
        case .emailVerification(let user), .emailChange(let user, _): "user \(user)"
        default: nil
        }
    }
}
