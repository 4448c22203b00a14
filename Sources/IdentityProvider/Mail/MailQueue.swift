package import FoundationEssentials
import HTTPTypes

/// Adds emails to the outbox with one insertion, the same for every recipient. Any node sends them later.
package struct MailQueue: Sendable {
    private let outbox: any MailOutbox
    private let sealer: Sealer
    private let now: @Sendable () -> Date

    package init(outbox: any MailOutbox, sealer: Sealer, now: @escaping @Sendable () -> Date) {
        self.outbox = outbox
        self.sealer = sealer
        self.now = now
    }

    init(_ core: Core) { self.init(outbox: core.stores.mailOutbox, sealer: core.sealer, now: core.now) }

    /// Queues an email to be sent at `dueAt`, or now. `request` is the one that caused it, if
    /// any, and supplies the language.
    package func add(_ occasion: Mail.Occasion, after request: Request? = nil, dueAt: Date? = nil) async throws {
        try await outbox.add(waiting(occasion, after: request, dueAt: dueAt))
    }

    /// Queues an email like `add`, but within `shares`. Without an occasion, it only counts.
    func add(_ occasion: Mail.Occasion?, after request: Request, within shares: [MailShare]) async throws
        -> MailAdmission
    {
        try await outbox.add(
            occasion.map { try waiting($0, after: request) }, within: shares, capacity: Self.capacity, at: now())
    }

    /// How many emails may wait before further ones are refused: a number that the table holds with ease.
    private static let capacity = 20_000

    private func waiting(_ occasion: Mail.Occasion, after request: Request?, dueAt: Date? = nil) throws
        -> WaitingMail
    {
        let moment = now()
        let language = request?.headers[.acceptLanguage].map { String($0.prefix(200)) }
        let mail = Mail(occasion, queuedAt: moment, acceptLanguage: language)
        return WaitingMail(
            sealedMail: try sealer.seal(Array(JSONEncoder().encode(mail)), for: .mail), dueAt: dueAt ?? moment,
            createdAt: moment, expiresAt: (dueAt ?? moment).addingTimeInterval(occasion.usefulFor))
    }

    /// Throws `NotOurs`, also for an email that an incompatible version queued.
    func open(_ waiting: WaitingMail) throws(NotOurs) -> Mail {
        let bytes = try sealer.open(waiting.sealedMail, for: .mail)
        do { return try JSONDecoder().decode(Mail.self, from: Data(bytes)) } catch { throw NotOurs() }
    }
}
