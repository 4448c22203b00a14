import FoundationEssentials

/// Collects the circumstances of a sign-in and assesses its risk.
struct RiskAssessor: Sendable {
    let rules: RiskRules
    let geolocator: any Geolocator
    let devices: any DeviceStore
    let spread: AttemptSpread
    /// Seconds for which a network stays known after the last sign-in from it.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        rules = core.settings.risk
        geolocator = core.geolocator
        devices = core.stores.devices
        spread = AttemptSpread(core)
        lifetime = core.settings.lifetimes.device
        now = core.now
    }

    /// Assesses a sign-in. `isDeviceKnown` is `nil` for programs other than browsers.
    func assess(_ request: Request, by user: User, isDeviceKnown: Bool?) async throws -> RiskAssessment {
        let address = request.remoteAddress
        let (accounts, subscribers) = try await spread.failures(at: user, from: address)
        let circumstances = SignInCircumstances(
            isDeviceKnown: isDeviceKnown, event: event(address, at: now()),
            former: try await devices.networks(of: user.id, at: now()).map { event($0.address, at: $0.lastSeenAt) },
            accountsTriedFromHere: accounts, subscribersAtAccount: subscribers)
        let assessment = RiskAssessment(of: circumstances, by: rules)
        guard !assessment.signals.isEmpty else { return assessment }
        Decision.note(
            """
            Unusual: \(assessment.signals.map(\.rawValue).joined(separator: ", ")). Consequence: \
            \(assessment.consequence.rawValue).
            """)
        return assessment
    }

    /// Returns the network of the request as one from which `user` signs in now; `nil` if the address has none.
    func network(of request: Request, for user: User) -> KnownNetwork? {
        KnownNetwork.name(of: request.remoteAddress).map { name in
            let moment = now()
            return KnownNetwork(
                user: user.id, network: name, address: request.remoteAddress, firstSeenAt: moment, lastSeenAt: moment,
                expiresAt: moment.addingTimeInterval(lifetime))
        }
    }

    private func event(_ address: String, at moment: Date) -> SignInCircumstances.Event {
        SignInCircumstances.Event(
            network: KnownNetwork.name(of: address), location: geolocator.location(of: address), moment: moment)
    }
}
