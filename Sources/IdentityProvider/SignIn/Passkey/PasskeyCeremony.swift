import Crypto
import FoundationEssentials
import JOSE

/// A challenge issued to an authenticator. A page carries it sealed; in the JSON API, it is derived from the ticket
/// (WebAuthn L3 §13.4.3).
struct PasskeyCeremony: Codable, Sendable {
    enum Purpose: String, Codable, Sendable {
        /// A user adds a passkey to their account.
        case enrolment = "enrolment"
        /// An unidentified visitor signs in with a passkey alone.
        case signIn = "signIn"
        /// A user who has shown another factor shows one of their own passkeys.
        case secondFactor = "secondFactor"
    }

    let purpose: Purpose
    let challenge: [UInt8]
    /// The user who was challenged; `nil` for an unidentified visitor.
    let user: Identifier<User>?
    /// The digest of the identity of the browser that shows the page. Empty in the JSON API, which has no page.
    let browser: [UInt8]
    let startedAt: Date

    private enum CodingKeys: String, CodingKey {
        case purpose, challenge, user, browser, startedAt
    }
}

/// Starts ceremonies and accepts one response to each.
struct PasskeyCeremonies: Sendable {
    let sealer: Sealer
    let browser: BrowserCookie
    let singleUse: any SingleUseStore
    /// In seconds.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date

    init(_ core: Core) {
        sealer = core.sealer
        browser = BrowserCookie(of: core.issuer)
        singleUse = core.stores.singleUse
        lifetime = core.settings.lifetimes.factor
        now = core.now
    }

    func start(
        _ purpose: PasskeyCeremony.Purpose, with user: Identifier<User>? = nil, in browser: BrowserIdentity
    ) -> PasskeyCeremony {
        PasskeyCeremony(
            purpose: purpose, challenge: RandomBytes.make(32), user: user, browser: Self.digest(browser),
            startedAt: now())
    }

    /// Returns the ceremony of the JSON API, where the ticket that carries `challenge` replaces page and browser. The
    /// result is the same on every call.
    func start(_ challenge: FactorChallenge, with user: Identifier<User>) -> PasskeyCeremony {
        PasskeyCeremony(
            purpose: .secondFactor, challenge: challenge.bytes(for: "passkey"), user: user, browser: [],
            startedAt: challenge.startedAt)
    }

    func seal(_ ceremony: PasskeyCeremony) throws -> String { try sealer.seal(ceremony, for: .passkeyCeremony) }

    /// Returns the ceremony that the form carries. Throws `PasskeyRefusal` if it belongs to another browser or user,
    /// has another purpose, or has expired.
    func resume(
        _ request: Request, for purpose: PasskeyCeremony.Purpose, with user: Identifier<User>? = nil
    ) throws(PasskeyRefusal) -> PasskeyCeremony {
        guard
            let ceremony = try? sealer.open(
                PasskeyCeremony.self, from: request.parameters["ceremony"] ?? "", for: .passkeyCeremony),
            ceremony.purpose == purpose, ceremony.user == user,
            now() < ceremony.startedAt.addingTimeInterval(lifetime), let identity = browser.identity(in: request),
            ConstantTime.equal(ceremony.browser, Self.digest(identity))
        else { throw PasskeyRefusal("the challenge was issued to another browser or user, or has expired") }
        return ceremony
    }

    /// Accepts the first response to a challenge and throws `PasskeyRefusal` for any later one.
    func consume(_ ceremony: PasskeyCeremony) async throws {
        let value = Base64URL.encode(ceremony.challenge)
        let isFirst = try await singleUse.consume(
            value, for: .passkeyChallenge, until: ceremony.startedAt.addingTimeInterval(lifetime))
        guard isFirst else { throw PasskeyRefusal("the challenge was already used") }
    }

    private static func digest(_ identity: BrowserIdentity) -> [UInt8] {
        Array(SHA256.hash(data: Array(identity.value.utf8)))
    }
}

/// Why an authenticator's response was rejected. For the log only: the user sees a generic error.
struct PasskeyRefusal: Error {
    let reason: String
    /// Whether the signature counter suggests a cloned authenticator (WebAuthn L3 §7.2 step 22).
    var isCounterBehind = false

    init(_ reason: String) { self.reason = reason }
}
