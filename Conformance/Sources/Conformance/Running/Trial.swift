import Foundation
import Synchronization

/// The variant of a plan, as in the official suite.
package struct Variant: Hashable, Sendable {
    /// The `response_mode` of every authorization request. `nil` for the default of the response type.
    package var responseMode: String?
    /// The variant of a FAPI 2.0 plan. `nil` for other plans.
    package var fapi: FAPIVariant?

    package init(responseMode: String? = nil, fapi: FAPIVariant? = nil) {
        self.responseMode = responseMode
        self.fapi = fapi
    }

    package var description: String {
        let values =
            fapi?.values.map { "\($0.name)=\($0.value)" } ?? [
                "response_type=code", "response_mode=\(responseMode ?? "default")",
            ]
        return (values + ["static client", "discovery"]).joined(separator: ", ")
    }

    /// What distinguishes the variants of a plan, for the progress of a run. `nil` for the default variant.
    package var summary: String? {
        fapi.map { $0.values.dropLast().map(\.value).joined(separator: " ") } ?? responseMode
    }
}

/// One run of a module: the tools for its script, and its findings.
package final class Trial: Sendable {
    package let target: Target
    package let variant: Variant
    package let log = ExchangeLog()
    private let transport: Transport
    private let receiver: Receiver?
    private let pace: Double
    private let found = Mutex<[Finding]>([])
    private let known = Mutex<ProviderMetadata?>(nil)

    package init(
        target: Target, variant: Variant, transport: Transport, receiver: Receiver? = nil, pace: Double = 1
    ) {
        self.target = target
        self.variant = variant
        self.transport = transport
        self.receiver = receiver
        self.pace = pace
    }

    /// Waits for a lifetime of the provider to pass, in seconds. Shortened when lifetimes are.
    package func wait(_ seconds: Double) async throws { try await Task.sleep(for: .seconds(seconds * pace)) }

    package var findings: [Finding] { found.withLock { $0 } }

    // Checking

    /// Checks the conditions and continues.
    package func check<Evidence>(_ conditions: [Condition<Evidence>], _ evidence: Evidence) {
        for condition in conditions { record(condition, evidence) }
    }

    package func check<Evidence>(_ condition: Condition<Evidence>, _ evidence: Evidence) { record(condition, evidence) }

    /// Checks a condition that the rest of the script depends on. Throws `Stop` if it is broken.
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

    /// Records a failure because the script can't continue.
    func record(_ misbehaviour: Misbehaviour) {
        check(
            Condition<String>("the provider's behavior allows the module to finish", .failure, "RFC 9110 §15") {
                what in
                .broken(what)
            }, misbehaviour.what)
    }

    // Parts

    package func registration(_ role: Role) throws -> Registration {
        guard let registration = target.clients[role.rawValue] else {
            throw NotConfigured(what: "the target has no client \"\(role.rawValue)\"")
        }
        return registration
    }

    package func person(agrees: Bool = true) -> Person { Person(target.user, agrees: agrees) }

    /// Returns a new browser without cookies.
    package func browser() -> Browser {
        let destinations = (Array(target.clients.values) + (target.fapi ?? []))
            .flatMap { $0.redirectURIs + ($0.postLogoutRedirectURIs ?? []) }.map { WebAddress($0).origin }
        return Browser(
            transport: transport, log: log, habits: target.pages ?? PageHabits(), destinations: Set(destinations))
    }

    /// Sends a request without cookies. Follows no redirects.
    package func send(_ request: WebRequest) async throws -> WebAnswer {
        try await transport.send(request, recording: log)
    }

    /// The server that the provider sends requests to.
    func listening() throws -> Receiver {
        guard let receiver else { throw NotConfigured(what: "the target has no \"receiver\"") }
        return receiver
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

/// Ends the module because a required condition is broken. The finding is already recorded.
package struct Stop: Error {}

/// Ends the module because the provider does not support an optional feature.
package struct Skip: Error {
    package let reason: String
}

/// Ends the module because the target lacks a client or user that it needs.
package struct NotConfigured: Error {
    package let what: String
}
