import ServiceLifecycle

/// The email outbox, the links in emails, and the service that sends them.
struct MailTopic: Topic {
    let queue: MailQueue
    let links: MailLinks
    /// `nil` if this process sends no email.
    let service: MailService?

    init(_ core: Core) {
        queue = MailQueue(core)
        links = MailLinks(core)
        service = core.mailer.map { MailService(core, mailer: $0) }
    }

    var services: [any Service] { [service].compactMap(\.self) }
}
