import Crypto
import FoundationEssentials
import JOSE

/// A challenge that was put to an authenticator: by a page, which carries it sealed, or through the JSON API, whose ticket
/// does (WebAuthn L3 §13.4.3).
struct PasskeyCeremony: Codable, Sendable {
    enum Purpose: String, Codable, Sendable {
        /// A person adds a passkey to their account.
        case enrolment = "enrolment"
        /// A stranger shows a passkey and nothing else.
        case signIn = "signIn"
        /// Somebody who has shown another factor shows a passkey of theirs.
        case secondFactor = "secondFactor"
    }

    let purpose: Purpose
    let challenge: [UInt8]
    /// Whom it was put to; `nil` for a stranger.
    let user: Identifier<User>?
    /// The digest of the identity of the browser that shows the page; empty where there is no page.
    let browser: [UInt8]
    let startedAt: Date

    private enum CodingKeys: String, CodingKey {
        case purpose, challenge, user, browser, startedAt
    }
}

/// Begins ceremonies and ends each once.
struct PasskeyCeremonies: Sendable {
    let sealer: Sealer
    let browser: BrowserCookie
    let singleUse: any SingleUseStore
    /// Seconds.
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

    /// Through the JSON API: the ticket that carries `challenge` takes the place of page and browser. The same each time.
    func start(_ challenge: FactorChallenge, with user: Identifier<User>) -> PasskeyCeremony {
        PasskeyCeremony(
            purpose: .secondFactor, challenge: challenge.bytes(for: "passkey"), user: user, browser: [],
            startedAt: challenge.startedAt)
    }

    func seal(_ ceremony: PasskeyCeremony) throws -> String { try sealer.seal(ceremony, for: .passkeyCeremony) }

    /// The ceremony that the form carries. Throws `PasskeyRefusal` when it is another's, for something else, or too old.
    func resume(
        _ request: Request, for purpose: PasskeyCeremony.Purpose, with user: Identifier<User>? = nil
    ) throws(PasskeyRefusal) -> PasskeyCeremony {
        guard
            let ceremony = try? sealer.open(
                PasskeyCeremony.self, from: request.parameters["ceremony"] ?? "", for: .passkeyCeremony),
            ceremony.purpose == purpose, ceremony.user == user,
            now() < ceremony.startedAt.addingTimeInterval(lifetime), let identity = browser.identity(in: request),
            ConstantTime.equal(ceremony.browser, Self.digest(identity))
        else { throw PasskeyRefusal("the challenge is not this browser's, or has expired") }
        return ceremony
    }

    /// Of all answers to one challenge one counts.
    func consume(_ ceremony: PasskeyCeremony) async throws {
        let value = Base64URL.encode(ceremony.challenge)
        let isFirst = try await singleUse.consume(
            value, for: .passkeyChallenge, until: ceremony.startedAt.addingTimeInterval(lifetime))
        guard isFirst else { throw PasskeyRefusal("the challenge was answered before") }
    }

    private static func digest(_ identity: BrowserIdentity) -> [UInt8] {
        Array(SHA256.hash(data: Array(identity.value.utf8)))
    }
}

/// Why an answer of an authenticator does not count: for the log. The person is told nothing but that it did not work.
struct PasskeyRefusal: Error {
    let reason: String
    /// Whether there may be a copy of the passkey (WebAuthn L3 §7.2 step 22).
    var isCounterBehind = false

    init(_ reason: String) { self.reason = reason }
}
