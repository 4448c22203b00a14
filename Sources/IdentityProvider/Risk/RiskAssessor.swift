import FoundationEssentials

/// Gathers what a sign-in is judged by.
struct SuspicionCheck: Sendable {
    let rules: SuspicionRules
    let places: any PlaceFinder
    let devices: any DeviceStore
    let spread: AttemptSpread
    /// Seconds that a network is known after the last sign-in from it.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        rules = core.settings.suspicion
        places = core.places
        devices = core.stores.devices
        spread = AttemptSpread(core)
        lifetime = core.settings.lifetimes.device
        now = core.now
    }

    /// `isDeviceKnown` is `nil` for a program.
    func suspicion(of request: Request, by user: User, isDeviceKnown: Bool?) async throws -> Suspicion {
        let address = request.remoteAddress
        let (accounts, subscribers) = try await spread.failures(at: user, from: address)
        let circumstances = SignInCircumstances(
            isDeviceKnown: isDeviceKnown, visit: visit(address, at: now()),
            former: try await devices.networks(of: user.id, at: now()).map { visit($0.address, at: $0.lastSeenAt) },
            accountsTriedFromHere: accounts, subscribersAtAccount: subscribers)
        let suspicion = Suspicion(of: circumstances, by: rules)
        guard !suspicion.signals.isEmpty else { return suspicion }
        Decision.note(
            """
            Unusual: \(suspicion.signals.map(\.rawValue).joined(separator: ", ")). The rules want for it: \
            \(suspicion.consequence.rawValue).
            """)
        return suspicion
    }

    /// The network of the request as one that `user` signed in from now.
    func network(of request: Request, for user: User) -> KnownNetwork? {
        KnownNetwork.name(of: request.remoteAddress).map { name in
            let moment = now()
            return KnownNetwork(
                user: user.id, network: name, address: request.remoteAddress, firstSeenAt: moment, lastSeenAt: moment,
                expiresAt: moment.addingTimeInterval(lifetime))
        }
    }

    private func visit(_ address: String, at moment: Date) -> SignInCircumstances.Visit {
        SignInCircumstances.Visit(
            network: KnownNetwork.name(of: address), place: places.place(of: address), moment: moment)
    }
}
