import Foundation
import Synchronization

/// How a plan's modules vary.
package struct Variant: Hashable, Sendable {
    /// Sent with every authorization request; `nil` is the default of the response type.
    package var responseMode: String?

    package init(responseMode: String? = nil) { self.responseMode = responseMode }

    package var description: String {
        "response_type=code, response_mode=\(responseMode ?? "default"), static client, discovery"
    }
}

/// One run of one module: what its script may use, and what it found.
package final class Trial: Sendable {
    package let target: Target
    package let variant: Variant
    package let log = ExchangeLog()
    private let transport: Transport
    private let pace: Double
    private let found = Mutex<[Finding]>([])
    private let known = Mutex<ProviderMetadata?>(nil)

    package init(target: Target, variant: Variant, transport: Transport, pace: Double = 1) {
        self.target = target
        self.variant = variant
        self.transport = transport
        self.pace = pace
    }

    /// Lets a lifetime of the provider pass, in seconds; shorter where lifetimes are.
    package func wait(_ seconds: Double) async throws { try await Task.sleep(for: .seconds(seconds * pace)) }

    package var findings: [Finding] { found.withLock { $0 } }

    // Judging

    /// Judges and goes on.
    package func check<Evidence>(_ conditions: [Condition<Evidence>], _ evidence: Evidence) {
        for condition in conditions { record(condition, evidence) }
    }

    package func check<Evidence>(_ condition: Condition<Evidence>, _ evidence: Evidence) { record(condition, evidence) }

    /// Judges, and ends the module when what follows would mean nothing.
    package func require<Evidence>(_ condition: Condition<Evidence>, _ evidence: Evidence) throws {
        if case .broken = record(condition, evidence) { throw Stop() }
    }

    @discardableResult
    private func record<Evidence>(_ condition: Condition<Evidence>, _ evidence: Evidence) -> Verdict {
        let verdict = condition.verdict(on: evidence)
        let finding = Finding(
            condition: condition.name, level: condition.level, sections: condition.sections, verdict: verdict,
            exchange: log.latest)
        found.withLock { $0.append(finding) }
        return verdict
    }

    /// Says that the provider left nothing to go on with.
    func record(_ misbehaviour: Misbehaviour) {
        check(
            Condition<String>("the provider can be followed to the end of the module", .failure, "RFC 9110 §15") {
                what in
                .broken(what)
            }, misbehaviour.what)
    }

    // Parts

    package func registration(_ role: Role) throws -> Registration {
        guard let registration = target.clients[role.rawValue] else {
            throw NotConfigured(what: "no client \"\(role.rawValue)\" is configured")
        }
        return registration
    }

    package func person(agrees: Bool = true) -> Person { Person(target.user, agrees: agrees) }

    /// A browser that was never anywhere.
    package func browser() -> Browser {
        let destinations = target.clients.values
            .flatMap { $0.redirectURIs + ($0.postLogoutRedirectURIs ?? []) }.map { WebAddress($0).origin }
        return Browser(
            transport: transport, log: log, habits: target.pages ?? PageHabits(), destinations: Set(destinations))
    }

    /// Sends without a browser: no cookies, nothing followed.
    package func send(_ request: WebRequest) async throws -> WebAnswer {
        try await transport.send(request, recording: log)
    }

    package func metadata() async throws -> ProviderMetadata {
        if let metadata = known.withLock({ $0 }) { return metadata }
        let address = WebAddress("\(target.issuer)/.well-known/openid-configuration")
        let metadata = try ProviderMetadata(address: address, answer: await send(WebRequest("GET", address)))
        known.withLock { $0 = metadata }
        return metadata
    }

    package func keys() async throws -> [JWK] {
        KeySetConditions.keys(try await send(WebRequest("GET", try await metadata().endpoint("jwks_uri"))))
    }

    package var now: Double { Date().timeIntervalSince1970 }
}

/// A required condition was broken: it stands in the findings.
package struct Stop: Error {}

/// The provider does not do what the module is about, and may leave it out.
package struct Skip: Error {
    package let reason: String
}

/// The tester lacks a client or person that the module needs.
package struct NotConfigured: Error {
    package let what: String
}
