import FoundationEssentials
import JOSE

/// Keeps what devices ask for until their users have answered (RFC 8628). The device code and the user code are stored
/// only as digests, request and answer only sealed and bound to each other.
struct DeviceAuthorizations: Sendable {
    private let store: any DeviceAuthorizationStore
    private let sealer: Sealer
    private let digester: SecretDigester
    /// Seconds until the codes expire.
    let lifetime: TimeInterval
    private let now: @Sendable () -> Date

    /// Seconds between polls at first (RFC 8628 §3.2).
    static let interval = 5
    /// Seconds by which each poll that comes too early lengthens the interval (RFC 8628 §3.5).
    private static let penalty = 5
    /// No longer: the device of a user who has just approved must not wait for minutes.
    private static let longestInterval = 60
    /// Seconds that a poll may be early, because networks delay one poll more than the next.
    private static let slack = 0.5

    init(_ core: Core) {
        store = core.stores.deviceAuthorizations
        sealer = core.sealer
        digester = core.digester
        lifetime = core.settings.lifetimes.deviceCode
        now = core.now
    }

    /// A request and what has become of it.
    struct Pending: Sendable {
        enum State: Sendable {
            case waiting
            case denied
            case approved(Granted)
        }

        let request: DeviceRequest
        let state: State

        func isExpired(at now: Date) -> Bool { now >= request.expiresAt }
    }

    /// Stores a request, and returns the codes for it. The device code has 256 random bits (RFC 8628 §5.2).
    func begin(
        _ client: Client, _ target: TokenTarget, resources: [String], dpopKey: String?, from request: Request
    ) async throws -> (deviceCode: String, userCode: UserCode) {
        let moment = now()
        for _ in 0..<Self.tries {
            let (deviceCode, userCode) = (Base64URL.encode(RandomBytes.make(32)), UserCode.random())
            let asked = DeviceRequest(
                id: digester.name(deviceCode, of: DeviceRequest.self), userCode: userCode.text, client: client.id,
                scope: target.scope, details: target.details, resources: resources, dpopKey: dpopKey,
                authorization: .random(),
                address: request.remoteAddress, userAgent: request.userAgent, startedAt: moment,
                expiresAt: moment.addingTimeInterval(lifetime))
            let row = DeviceAuthorization(
                id: asked.id, userCode: digester.name(userCode.text, of: UserCode.self),
                sealedRequest: try seal(asked, for: .deviceRequest), interval: Self.interval,
                expiresAt: asked.expiresAt)
            if try await store.add(row) { return (deviceCode, userCode) }
        }
        // More codes are in use than any service needs.
        throw OAuthError.unavailable(retryAfter: 60)
    }

    private static let tries = 3

    func find(deviceCode: String) async throws -> Pending? {
        for digest in digester.digests(deviceCode, of: DeviceRequest.self) {
            if let found = try await find(id: Base64URL.encode(digest.bytes)) { return found }
        }
        return nil
    }

    func find(_ code: UserCode) async throws -> Pending? {
        for digest in digester.digests(code.text, of: UserCode.self) {
            guard let row = try await store.find(userCode: Base64URL.encode(digest.bytes)), let found = open(row),
                found.request.userCode.isExactly(code.text)
            else { continue }
            return found
        }
        return nil
    }

    func find(id: String) async throws -> Pending? { try await store.find(id).flatMap(open) }

    /// Answers the request: `granted` approves it, `nil` denies it. Returns `false` if it has expired or has an answer.
    func answer(_ request: DeviceRequest, with granted: Granted?) async throws -> Bool {
        let answer = try seal(DeviceAnswer(request: request.id, granted: granted), for: .deviceAnswer)
        return try await store.answer(request.id, with: answer, at: now())
    }

    /// Throws the error for a device whose user has not answered: `authorization_pending`, or `slow_down` if it polls
    /// faster than it may (RFC 8628 §3.5).
    func keepWaiting(_ request: DeviceRequest) async throws -> Never {
        let isInTime = try await store.poll(
            request.id, at: now(), slack: Self.slack, penalty: Self.penalty, longest: Self.longestInterval)
        guard isInTime else {
            throw OAuthError(
                code: .slowDown, description: "wait \(Self.penalty) seconds longer between polls from now on")
        }
        throw OAuthError(code: .authorizationPending, description: "the user has not answered yet")
    }

    /// Returns `nil`, and notes it, if request or answer were not sealed for this row.
    private func open(_ row: DeviceAuthorization) -> Pending? {
        guard let request = try? open(DeviceRequest.self, row.sealedRequest, for: .deviceRequest),
            request.id.isExactly(row.id)
        else {
            Decision.note("The stored request does not belong to this code.")
            return nil
        }
        guard let sealed = row.sealedAnswer else { return Pending(request: request, state: .waiting) }
        guard let answer = try? open(DeviceAnswer.self, sealed, for: .deviceAnswer), answer.request.isExactly(row.id),
            answer.granted.map({ $0.client == request.client && $0.scope == request.scope }) ?? true
        else {
            Decision.note("The stored answer does not belong to this request.")
            return nil
        }
        return Pending(request: request, state: answer.granted.map { .approved($0) } ?? .denied)
    }

    private func seal(_ value: some Encodable, for purpose: SealedPurpose) throws -> [UInt8] {
        try sealer.seal(Array(JSONEncoder().encode(value)), for: purpose)
    }

    private func open<Value: Decodable>(
        _ type: Value.Type, _ sealed: [UInt8], for purpose: SealedPurpose
    ) throws -> Value {
        try JSONDecoder().decode(type, from: Data(sealer.open(sealed, for: purpose)))
    }
}
