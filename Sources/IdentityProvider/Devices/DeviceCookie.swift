import FoundationEssentials
import HTTPTypes
import JOSE

/// Recognizes browsers in which users have signed in before.
struct DeviceCookie: Sendable {
    private let cookie: Cookie
    private let devices: any DeviceStore
    private let digester: SecretDigester
    private let lifetimes: Lifetimes
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        cookie = Cookie("device", of: core.issuer)
        devices = core.stores.devices
        digester = core.digester
        lifetimes = core.settings.lifetimes
        now = core.now
    }

    func isPresent(in request: Request) -> Bool { cookie.secret(in: request) != nil }

    /// Returns the device, or `nil` if `user` has not signed in with this browser before.
    func device(of user: User, in request: Request) async throws -> Device? {
        guard let secret = cookie.secret(in: request) else { return nil }
        let device = try await devices.find(digester.digests(secret, of: Device.self), of: user.id, at: now())
        if let device { await digester.renew(device.secret, of: secret) }
        return device
    }

    /// Updates the device for this sign-in, adds it to `origin` and returns the `Set-Cookie` value. A device that is
    /// new or newly trusted gets a new secret, because someone else may know the cookie's value or have planted it
    /// (session fixation).
    func use(
        _ known: Device?, by user: User, trusting: Bool, in request: Request, _ origin: inout SignInOrigin
    ) -> String {
        let present = cookie.secret(in: request)
        let isKept = known != nil && !trusting
        let secret = isKept ? present ?? Self.newSecret() : Self.newSecret()
        let digest = digester.digest(secret, of: Device.self)
        let moment = now()
        var device =
            known
            ?? Device(
                secret: digest, user: user.id, userAgent: "", address: "", createdAt: moment, lastUsedAt: moment,
                expiresAt: moment)
        device.secret = digest
        device.userAgent = request.userAgent
        device.address = request.remoteAddress
        device.lastUsedAt = moment
        device.expiresAt = moment.addingTimeInterval(lifetimes.device)
        if trusting { device.trustedUntil = moment.addingTimeInterval(lifetimes.trustedDevice) }
        origin.device = device
        origin.formerSecrets = isKept ? [] : present.map { digester.digests($0, of: Device.self) } ?? []
        return cookie.setting(secret, maxAge: Int(lifetimes.device))
    }

    private static func newSecret() -> String { Base64URL.encode(RandomBytes.make(32)) }
}

extension Request {
    /// The `User-Agent` header, truncated to what is worth storing.
    var userAgent: String { String((headers[.userAgent] ?? "").prefix(255)) }
}
