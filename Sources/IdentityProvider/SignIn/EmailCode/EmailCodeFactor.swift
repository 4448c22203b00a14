import FoundationEssentials
import HTTPTypes
import JOSE

/// A second factor for users with a verified email address and no stronger factor: a code sent by email. Each code
/// works once, for a limited time, in the browser or with the ticket that requested it.
struct EmailCodeFactor: SecondFactor {
    /// Stronger factors. A user who has one of them gets no email codes.
    let others: [any SecondFactor]
    let queue: MailQueue
    let sealer: Sealer
    let singleUse: any SingleUseStore
    let browser: BrowserCookie
    let audit: AuditLog
    let now: @Sendable () -> Date
    let factor = Factor.emailCode

    init(_ core: Core, others: [any SecondFactor]) {
        self.others = others
        queue = MailQueue(core)
        sealer = core.sealer
        singleUse = core.stores.singleUse
        browser = BrowserCookie(of: core.issuer)
        audit = core.audit
        now = core.now
    }

    private static let digits = 8
    /// In seconds.
    private static let lifetime: TimeInterval = 600
    private static let mailsPerChallenge = 3
    /// Per user, so that neither reloading the page nor signing in repeatedly can flood a mailbox.
    private static let mailsPerHour = 10

    /// The sealed state that the page carries until the user enters the code.
    struct Offer: Codable {
        let id: String
        let user: Identifier<User>
        let browser: String
        let code: String
        let expiresAt: Date

        private enum CodingKeys: String, CodingKey {
            case id, user, browser, code, expiresAt
        }
    }

    func isEnrolled(_ user: User) async throws -> Bool {
        guard user.isEmailVerified, user.email.flatMap(MailAddress.init) != nil else { return false }
        for factor in others where try await factor.isEnrolled(user) { return false }
        return true
    }

    /// A fresh page sends a new code. After a wrong code, the page carries the same offer, so the code already sent
    /// stays valid.
    func describe(for user: User, in request: Request) async throws -> [String: Page.Value] {
        if request.method == .post, offer(in: request, of: user) != nil, let text = request.parameters["offer"] {
            return ["offer": .text(text)]
        }
        guard let identity = browser.identity(in: request) else { throw OAuthError.interactionLost }
        let offer = Offer(
            id: Identifier<Offer>.random().rawValue, user: user.id, browser: identity.value,
            code: Self.code(of: RandomBytes.make(8)),
            expiresAt: now().addingTimeInterval(Self.lifetime))
        try await takeMail(for: user)
        try await queue.add(.signInCode(user.id, code: offer.code), after: request)
        audit.record(.emailCodeSent, user: user.id)
        return ["offer": .text(try sealer.seal(offer, for: .emailCode))]
    }

    func verify(_ request: Request, of user: User) async throws -> ShownFactor? {
        guard let offer = offer(in: request, of: user), Self.isTyped(offer.code, in: request),
            try await singleUse.consume(offer.id, for: .emailCode, until: offer.expiresAt)
        else { return nil }
        return .emailCode
    }

    /// Sends the code derived from `challenge`, which is the same on every call.
    func ask(_ user: User, _ challenge: FactorChallenge, in request: Request) async throws -> Response? {
        // A lost email can be requested again, but only a few times, so that nobody can flood a mailbox.
        let isLeft = try await singleUse.takeSlot(
            of: Self.mailsPerChallenge, under: challenge.id, for: .emailCode, until: challenge.expiresAt)
        guard isLeft else { throw tooMany(until: challenge.expiresAt) }
        try await takeMail(for: user)
        try await queue.add(.signInCode(user.id, code: Self.code(of: challenge)), after: request)
        audit.record(.emailCodeSent, user: user.id)
        return .json(["next": "code"], status: .accepted)
    }

    /// The caller consumes the ticket, and the code with it.
    func verify(_ request: Request, of user: User, answering challenge: FactorChallenge) async throws -> ShownFactor? {
        Self.isTyped(Self.code(of: challenge), in: request) ? .emailCode : nil
    }

    private func takeMail(for user: User) async throws {
        let hour = ClockHour(of: now())
        let quota = HourlyQuota(limit: Self.mailsPerHour, purpose: .emailCode, singleUse: singleUse)
        guard try await quota.take(user.id.rawValue, in: hour) else { throw tooMany(until: hour.end) }
    }

    private func tooMany(until end: Date) -> OAuthError { .tooManyRequests(until: end, at: now()) }

    private func offer(in request: Request, of user: User) -> Offer? {
        guard let text = request.parameters["offer"],
            let offer = try? sealer.open(Offer.self, from: text, for: .emailCode), offer.user == user.id,
            now() < offer.expiresAt, offer.browser == browser.identity(in: request)?.value
        else { return nil }
        return offer
    }

    private static func isTyped(_ code: String, in request: Request) -> Bool {
        let typed = (request.parameters["code"] ?? "").filter { $0 != " " }
        return ConstantTime.equal(Array(typed.utf8), Array(code.utf8))
    }

    private static func code(of challenge: FactorChallenge) -> String {
        code(of: Array(challenge.bytes(for: "e-mail code").prefix(8)))
    }

    private static func code(of bytes: [UInt8]) -> String {
        let number = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % 100_000_000
        let text = String(number)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
