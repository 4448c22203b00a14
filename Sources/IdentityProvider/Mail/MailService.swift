import Metrics
import FoundationEssentials
import Logging
import ServiceLifecycle
import Tracing

/// Sends what waits in the outbox. Every node runs one; of all of them one sends each mail. What cannot be sent is tried
/// again after growing pauses, until it is of no use any more.
package struct MailService: Service {
    let issuer: Issuer
    let outbox: any MailOutbox
    let queue: MailQueue
    let writer: LetterWriter
    let mailer: any Mailer
    let interval: Duration
    let now: @Sendable () -> Date

    init(_ core: Core, mailer: any Mailer) {
        issuer = core.issuer
        outbox = core.stores.mailOutbox
        queue = MailQueue(core)
        writer = LetterWriter(core)
        self.mailer = mailer
        interval = .seconds(1)
        now = core.now
    }

    /// At one time: connections to the mail server.
    static let width = 4
    /// Seconds after which a node that took a mail in hand is taken for dead: longer than any conversation with a mail
    /// server may last.
    static let lease: TimeInterval = 180
    static let maximumAttempts = 16
    /// Between two looks at how many wait.
    private static let countInterval = Duration.seconds(15)

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            let depth = Measurements.outboxDepth(of: issuer.identifier)
            var countedAt: ContinuousClock.Instant?
            while !Task.isCancelled {
                do {
                    while !Task.isCancelled, try await sendDue() > 0 {}
                    if countedAt.map({ ContinuousClock.now - $0 > Self.countInterval }) ?? true {
                        depth.record(try await outbox.depth(at: now()))
                        countedAt = .now
                    }
                } catch  where !(error is CancellationError) {
                    Logger.current.error("the outbox cannot be read", metadata: ["cause": "\(error)"])
                } catch {}
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Returns how many mails it had in hand.
    package func sendDue() async throws -> Int {
        let due = try await outbox.due(at: now(), limit: Self.width)
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            for mail in due { group.addTask { try await send(mail) } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    /// Whether this node had it in hand.
    private func send(_ waiting: WaitingMail) async throws -> Bool {
        let moment = now()
        guard let leased = try await outbox.lease(waiting, until: moment.addingTimeInterval(Self.lease), at: moment)
        else { return false }
        try await withSpan("mail.send") { span in
            do {
                if let letter = try await writer.letter(leased, queue.open(leased)) {
                    span.attributes["martlet.mail.kind"] = letter.kind
                    try await mailer.send(letter)
                    Logger.current.info("mail sent", metadata: ["kind": "\(letter.kind)", "mail": "\(leased.id)"])
                }
                try await outbox.remove(leased)
            } catch {
                span.recordError(error)
                try await failed(leased, error)
            }
        }
        return true
    }

    private func failed(_ mail: WaitingMail, _ error: any Error) async throws {
        let next = now().addingTimeInterval(Self.pause(after: mail.attempts))
        let isFinal =
            error is MailRefused || error is NotOurs || mail.attempts >= Self.maximumAttempts || next >= mail.expiresAt
        // The recipient is not named: logs are read by more people than mailboxes.
        Logger.current.log(
            level: isFinal ? .error : .warning, isFinal ? "mail given up" : "mail not sent yet, will try again",
            metadata: ["mail": "\(mail.id)", "attempt": "\(mail.attempts)", "cause": "\(error)"])
        if isFinal { try await outbox.remove(mail) } else { try await outbox.postpone(mail, until: next) }
    }

    /// Seconds: 15, 30, 60 … an hour.
    static func pause(after attempts: Int) -> TimeInterval {
        min(3_600, 15 * Double(1 << min(max(attempts, 1) - 1, 10)))
    }
}
