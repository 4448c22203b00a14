import FoundationEssentials
import Logging
import Metrics
import ServiceLifecycle
import Tracing

/// Sends the emails in the outbox.
package struct MailService: Service, Courier {
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

    static let wording = CourierWording(
        item: "mail", unreadable: "email outbox cannot be read",
        retrying: "email not sent yet, will try again", givenUp: "gave up sending email")
    /// Concurrent connections to the mail server.
    static let width = 4
    static let lease: TimeInterval = 180
    static let firstPause: TimeInterval = 15
    static let maximumAttempts = 16

    var source: any Outbox<WaitingMail> { outbox.queue }
    var depth: Gauge { Measurements.outboxDepth(of: issuer.identifier) }

    package func run() async throws { await keepDelivering() }

    /// Sends the first due emails. Returns how many this node leased.
    package func sendDue() async throws -> Int { try await deliverDue(to: nil) }

    /// Every email goes to the same mail server.
    func destinations() -> [String?] { [nil] }

    func send(_ mail: WaitingMail) async throws {
        try await withSpan("mail.send") { span in
            guard let letter = try await writer.letter(mail, queue.open(mail)) else { return }
            span.attributes["martlet.mail.kind"] = letter.kind
            try await mailer.send(letter)
            Logger.current.info("email sent", metadata: ["kind": "\(letter.kind)", "mail": "\(mail.id)"])
        }
    }

    func isFinal(_ error: any Error, of mail: WaitingMail) -> Bool {
        error is MailRefused || error is NotOurs || mail.attempts >= Self.maximumAttempts
    }
}
