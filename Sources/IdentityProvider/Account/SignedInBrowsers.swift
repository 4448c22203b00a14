import FoundationEssentials

/// Shows the browsers in which a user is signed in, and those trusted in place of the second factor.
struct SignedInBrowsers: Sendable {
    private let sessions: any SessionStore
    private let devices: any DeviceStore
    private let geolocator: any Geolocator
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        sessions = core.stores.sessions
        devices = core.stores.devices
        geolocator = core.geolocator
        now = core.now
    }

    func show(_ visitor: AccountGate.Visitor, on page: inout Page) async throws {
        let user = visitor.user.id
        page.data["sessions"] = .list(
            try await sessions.sessions(of: user, at: now()).map { describe($0, isThis: $0.id == visitor.session.id) })
        page.data["devices"] = .list(
            try await devices.devices(of: user, at: now()).filter { $0.isTrusted(at: now()) }.map(Self.describe))
    }

    private func describe(_ session: Session, isThis: Bool) -> Page.Value {
        [
            "id": .text(session.id.rawValue), "browser": .text(BrowserName(userAgent: session.userAgent).text),
            "address": .text(geolocator.describe(session.address)),
            "since": .time(session.authenticatedAt, .recent),
            "is_this": .flag(isThis),
        ]
    }

    private static func describe(_ device: Device) -> Page.Value {
        [
            "id": .text(device.id.rawValue), "browser": .text(BrowserName(userAgent: device.userAgent).text),
            "address": .text(device.address), "until": .time(device.trustedUntil ?? device.lastUsedAt, .day),
        ]
    }
}
