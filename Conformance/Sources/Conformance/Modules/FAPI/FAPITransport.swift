/// TLS as FAPI 2.0 demands it (FAPI 2.0 Security Profile §5.2).
enum FAPITransport {
    /// What a server accepts, by offer.
    struct Evidence: Sendable {
        let origin: String
        let accepted: [TLSOffer: Bool]

        func accepts(_ offer: TLSOffer) -> Bool { accepted[offer] == true }
    }

    private static let offers = [TLSOffer.tls10, .tls11, .tls13, .recommended] + TLSOffer.others

    /// Offers the parameters to each origin of the provider's endpoints.
    static func probe(_ client: FAPIClient) async throws {
        let names = [
            "authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint", "jwks_uri",
        ]
        var origins: [String: WebAddress] = [:]
        for name in names {
            let metadata = try await client.trial.metadata()
            for address in [try metadata.endpoint(name), try await client.endpoint(name)] {
                origins[address.origin] = address
            }
        }
        for (origin, address) in origins.sorted(by: { $0.key < $1.key }) {
            guard address.isSecure || !address.isLoopback else {
                client.trial.check(conditions.map(notJudged), Evidence(origin: origin, accepted: [:]))
                continue
            }
            var accepted: [TLSOffer: Bool] = [:]
            for offer in offers { accepted[offer] = try await client.isAccepted(offer, at: address) }
            client.trial.check(conditions, Evidence(origin: origin, accepted: accepted))
        }
    }

    private static func notJudged(_ condition: Condition<Evidence>) -> Condition<Evidence> {
        Condition(condition.name, condition.level) { _ in .notRun("http on a loopback address, TLS is not judged") }
    }

    static let conditions = [refusesOldVersions, acceptsRecommended, refusesOtherSuites, offersLatest]

    static let refusesOldVersions = Condition<Evidence>(
        "TLS 1.0 and 1.1 are refused", .failure, "FAPI 2.0 Security Profile §5.2.1", "RFC 9325 §3.1.1"
    ) { evidence in
        let found = [TLSOffer.tls10, .tls11].filter(evidence.accepts).map(\.name)
        return .require(found.isEmpty, "\(evidence.origin) accepts \(found)")
    }

    /// Without it, a server that is unreachable would pass for one that refuses everything.
    static let acceptsRecommended = Condition<Evidence>(
        "TLS 1.3, or TLS 1.2 with a recommended cipher suite, is accepted", .failure, "RFC 9325 §4.2"
    ) { evidence in
        .require(
            evidence.accepts(.recommended) || evidence.accepts(.tls13), "\(evidence.origin) accepts neither")
    }

    static let refusesOtherSuites = Condition<Evidence>(
        "TLS 1.2 is accepted only with cipher suites that BCP 195 recommends", .failure,
        "FAPI 2.0 Security Profile §5.2.2", "RFC 9325 §4.2"
    ) { evidence in
        let found = TLSOffer.others.filter(evidence.accepts).map(\.name)
        return .require(found.isEmpty, "\(evidence.origin) accepts \(found)")
    }

    static let offersLatest = Condition<Evidence>("TLS 1.3 is offered", .warning, "RFC 9325 §3.1.1") { evidence in
        .require(evidence.accepts(.tls13), "\(evidence.origin) refuses it")
    }
}

extension FAPIClient {
    /// Whether the server completes a handshake with the offer. Any response shows that it does.
    func isAccepted(_ offer: TLSOffer, at address: WebAddress) async throws -> Bool {
        var request = WebRequest("GET", WebAddress(address.origin + "/"))
        request.offer = offer
        do {
            _ = try await trial.send(request)
            return true
        } catch is Misbehaviour {
            return false
        }
    }
}
