import ServiceLifecycle

/// The outbox, the links that its mails carry, and the service that sends them.
struct MailTopic: Topic {
    let queue: MailQueue
    let links: MailLinks
    /// `nil` where this process sends no mail.
    let service: MailService?

    init(_ core: Core) {
        queue = MailQueue(core)
        links = MailLinks(core)
        service = core.mailer.map { MailService(core, mailer: $0) }
    }

    var services: [any Service] { [service].compactMap(\.self) }
}
