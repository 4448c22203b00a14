import HTTPTypes
package import IdentityProvider
import Synchronization

/// Receives the emails of a test's issuer in place of a mail server.
package final class TestMailbox: Mailer {
    private let letters = Mutex<[Letter]>([])
    private let failures = Mutex<[any Error]>([])

    package init() {}

    package func send(_ letter: Letter) async throws {
        if let failure = failures.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw failure }
        letters.withLock { $0.append(letter) }
    }

    /// The outcomes of the next attempts.
    package func fail(with errors: [any Error]) { failures.withLock { $0 += errors } }

    package var all: [Letter] { letters.withLock(\.self) }
    package var kinds: [String] { all.map(\.kind) }
}

extension Letter {
    package func text(_ name: String) -> String {
        if case .text(let text)? = data[name] { text } else { "" }
    }

    /// The query of its link.
    package var query: String { text("link").split(separator: "?").last.map(String.init) ?? "" }
    /// The path of its link, relative to the issuer.
    package func path(below issuer: TestIssuer) -> String {
        String(text("link").dropFirst(issuer.issuer.identifier.count).prefix { $0 != "?" })
    }
}

extension TestIssuer {
    /// Sends the waiting emails, and those that result from sending them.
    package func deliver() async throws {
        guard let service = provider.mailService else { throw Unexpected("this issuer sends no mail") }
        while try await service.sendDue() > 0 {}
    }
}

extension Browser {
    /// Opens the link of an email.
    package func open(_ letter: Letter, at issuer: TestIssuer) async throws -> Response {
        try await request(.get, letter.path(below: issuer), query: letter.query)
    }
}
