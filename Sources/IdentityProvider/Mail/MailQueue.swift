package import FoundationEssentials
import HTTPTypes

/// Puts mails into the outbox: one insertion, the same for everybody. They are sent later, by whichever node is first.
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

    /// `request` is the one that led to it, if any: for the language. It is sent at `dueAt`, or now.
    package func add(_ occasion: Mail.Occasion, after request: Request? = nil, dueAt: Date? = nil) async throws {
        try await outbox.add(waiting(occasion, after: request, dueAt: dueAt))
    }

    /// As `add`, within `shares`. Without an occasion it only counts.
    func add(_ occasion: Mail.Occasion?, after request: Request, within shares: [MailShare]) async throws
        -> MailAdmission
    {
        try await outbox.add(
            occasion.map { try waiting($0, after: request) }, within: shares, capacity: Self.capacity, at: now())
    }

    /// Mails that may wait before nothing more can be asked for: so much the table holds with ease.
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

    /// Throws `NotOurs` for what another version of the program put there, too.
    func open(_ waiting: WaitingMail) throws(NotOurs) -> Mail {
        let bytes = try sealer.open(waiting.sealedMail, for: .mail)
        do { return try JSONDecoder().decode(Mail.self, from: Data(bytes)) } catch { throw NotOurs() }
    }
}
