import FoundationEssentials
import IdentityProvider
import JOSE
import TestSupport

/// The time of the tests.
let moment = Date(timeIntervalSince1970: 1_800_000_000)

extension Identifier {
    init(_ text: String) { self.init(rawValue: text) }
}

extension User {
    static let alice = Identifier<User>("alice-id")
    static let bob = Identifier<User>("bob-id")

    static func example(_ id: Identifier<User>, _ username: String, email: String? = nil) -> User {
        User(id: id, username: username, email: email, createdAt: moment, updatedAt: moment)
    }
}

extension Client {
    static let web = Identifier<Client>("web")
    static let app = Identifier<Client>("app")

    static func example(
        _ id: Identifier<Client>, name: String = "Web shop", secret: ClientSecret? = nil
    ) throws -> Client {
        try Client(
            [
                "client_id": .string(id.rawValue), "client_name": .string(name),
                "redirect_uris": ["https://shop.example/callback"],
            ], secret: secret)
    }
}

extension Session {
    static func example(
        _ id: String, secret: UInt8 = 1, user: Identifier<User> = User.alice, expiresIn lifetime: TimeInterval = 3_600,
        upstream: UpstreamSession? = nil
    ) -> Session {
        Session(
            id: Identifier(id), secret: SecretDigest(bytes: Array(repeating: secret, count: 32)), user: user,
            authenticatedAt: moment, amr: ["pwd", "otp"], acr: "2", expiresAt: moment + lifetime, upstream: upstream)
    }
}

extension Device {
    static func example(
        _ id: String, secret: UInt8 = 1, user: Identifier<User> = User.alice, trustedUntil: Date? = nil,
        at moment: Date = moment, expiresIn lifetime: TimeInterval = 3_600
    ) -> Device {
        Device(
            id: Identifier(id), secret: SecretDigest(bytes: Array(repeating: secret, count: 32)), user: user,
            userAgent: "Browser", address: "192.0.2.1", createdAt: moment, lastUsedAt: moment,
            trustedUntil: trustedUntil, expiresAt: moment + lifetime)
    }
}

extension KnownNetwork {
    static func example(_ network: String, address: String = "192.0.2.1", at moment: Date = moment) -> KnownNetwork {
        KnownNetwork(
            user: User.alice, network: network, address: address, firstSeenAt: moment, lastSeenAt: moment,
            expiresAt: moment + 3_600)
    }
}

extension SignInOrigin {
    static let example = SignInOrigin(device: .example("d"), network: .example("192.0.2.0/24"))
    /// Starts the session with a device that has a new secret.
    static let moved = SignInOrigin(
        device: .example("d"), formerSecrets: [Device.example("d", secret: 2).secret], network: .example("192.0.2.0/24")
    )
}

extension Authorization {
    static func example(
        _ id: String, client: Identifier<Client> = Client.web, user: Identifier<User>? = User.alice,
        session: String? = nil, isOffline: Bool = false, expiresIn lifetime: TimeInterval = 3_600
    ) -> Authorization {
        Authorization(
            id: Identifier(id),
            granted: Granted(
                client: client, user: user, session: session.map { Identifier($0) },
                scope: isOffline ? ["openid", "offline_access"] : ["openid"],
                resources: ["https://api.example.com"], nonce: "n-0S6_WzA2Mj", authenticatedAt: moment - 0.25,
                amr: ["pwd"], acr: "1"),
            expiresAt: moment + lifetime)
    }
}

extension AuthorizationStore {
    func create(_ authorization: Authorization) async throws -> Bool {
        try await create(authorization, interest: nil, at: moment)
    }
}

extension TOTPCredential {
    static func example(_ id: String, user: Identifier<User> = User.alice, lastStep: Int = 0) -> TOTPCredential {
        TOTPCredential(
            id: Identifier(id), user: user, name: "Phone", sealedSecret: [0, 1, 2, 255], algorithm: "SHA256",
            digits: 8, period: 60, lastStep: lastStep, createdAt: moment)
    }
}

extension Passkey {
    static func example(
        _ number: UInt8, user: Identifier<User> = User.alice, signCount: Int = 0
    ) -> Passkey {
        Passkey(
            user: user, name: "Phone \u{1F426}", credentialID: [0, number, 255], publicKey: [1, 2, 0],
            signCount: signCount, aaguid: Array(0..<16), transports: ["hybrid", "internal"], isBackupEligible: true,
            isBackedUp: false, isUserVerificationInitialized: true, createdAt: moment + Double(number))
    }
}

extension Upstream {
    static func example(_ id: String = "up", secret: [UInt8]? = [0, 255]) throws -> Upstream {
        try Upstream(
            ["id": .string(id), "issuer": "https://up.example", "client_id": "martlet", "name": "\u{1F426}"],
            sealedSecret: secret)
    }
}

extension UpstreamLink {
    static func example(
        _ id: String, upstream: String = "up", authority: String? = nil, subject: String = "u-1",
        user: Identifier<User> = User.alice,
        at moment: Date = moment, tokens: [UInt8]? = nil
    ) -> UpstreamLink {
        UpstreamLink(
            id: Identifier(id), upstream: Identifier(upstream), authority: Identifier(authority ?? upstream),
            subject: subject, user: user, label: "\u{1F426}", createdAt: moment, sealedTokens: tokens)
    }
}

extension AccountRecovery {
    static func example(_ id: String = "r", user: Identifier<User> = User.alice, at moment: Date = moment)
        -> AccountRecovery
    {
        AccountRecovery(
            id: Identifier(id), user: user, disputedFrom: moment - 60, startedAt: moment, readyAt: moment + 60,
            expiresAt: moment + 120)
    }
}

extension SigningKeyRecord {
    static func example(_ id: String, _ algorithm: SignatureAlgorithm = .es256, number: Int) -> SigningKeyRecord {
        SigningKeyRecord(
            id: id, algorithm: algorithm, number: number, sealedPrivateKey: [9, 8, 7], createdAt: moment,
            signsFrom: moment + 10, signsUntil: moment + 20, publishedUntil: moment + 30)
    }
}

extension DataKeyRecord {
    static func example(_ number: Int) -> DataKeyRecord {
        DataKeyRecord(
            keyClass: "transit", number: number, id: [1, 2, 3, UInt8(number)], usedFrom: moment, wrapped: [0, 255],
            masterKey: "master")
    }
}

extension WaitingMail {
    static func example(_ id: String, dueIn seconds: TimeInterval = 0, expiresIn lifetime: TimeInterval = 3_600)
        -> WaitingMail
    {
        WaitingMail(
            id: Identifier(id), sealedMail: [1, 2, 3], dueAt: moment + seconds, createdAt: moment,
            expiresAt: moment + lifetime)
    }
}

// For users who are unchanged since the examples were created.
extension SessionStore {
    func start(
        _ session: Session, from origin: SignInOrigin = SignInOrigin(), replacing former: Identifier<Session>?
    ) async throws {
        let start = try await start(session, of: .example(session.user, ""), from: origin, replacing: former)
        guard start != .outdated else {
            throw Unexpected("no session started for \(session.user)")
        }
    }
}

extension PasskeyStore {
    func add(_ passkey: Passkey) async throws -> Bool {
        try await add(passkey, by: .example(passkey.user, ""))
    }
}

extension UpstreamLinkStore {
    func add(_ link: UpstreamLink) async throws -> Bool {
        try await add(link, by: .example(link.user, "")) == .added
    }
}

extension RecoveryCodeStore {
    func replace(_ codes: [SecretDigest<RecoveryCode>], of user: Identifier<User>, at now: Date) async throws {
        guard try await replace(codes, of: .example(user, ""), at: now) else {
            throw Unexpected("no recovery codes were stored for \(user)")
        }
    }
}

extension TOTPCredentialStore {
    func save(_ credential: TOTPCredential) async throws { try await save(credential, by: nil) }
}

extension Stores {
    /// Renames the client.
    func changeWeb() async throws {
        guard let stored = try await clients.find(Client.web) else { return }
        _ = try await clients.update(stored, to: .example(Client.web, name: "changed"))
    }

    /// Renames alice.
    func changeAlice() async throws {
        guard let stored = try await users.find(User.alice) else { return }
        _ = try await users.update(stored, to: .example(User.alice, "changed"))
    }

    /// Stores the two users and two clients of the examples.
    func populate() async throws {
        try await users.save(.example(User.alice, "alice", email: "alice@example.com"))
        try await users.save(.example(User.bob, "bob"))
        try await clients.save(.example(Client.web))
        try await clients.save(.example(Client.app))
    }
}

extension AuditEntry {
    static func example(_ sequence: Int) -> AuditEntry {
        let document: JSONObject = [
            "time": .integer(Int(moment.timeIntervalSince1970 * 1_000)), "event": "signed_out", "outcome": "success",
            "actor": "user alice-id", "user": "alice-id", "client": "web", "trace": "trace",
        ]
        guard let record = AuditRecord(document: document) else { preconditionFailure("the example is no record") }
        return AuditEntry(
            node: Identifier("node"), sequence: sequence, record: record,
            document: String(decoding: document.serialized(), as: UTF8.self), mac: [UInt8(sequence)])
    }
}

extension AuditHead {
    static func example(_ sequence: Int) -> AuditHead {
        AuditHead(
            node: Identifier("node"), sequence: sequence, mac: [UInt8(sequence)], time: moment, seal: [1])
    }
}

extension EventStream {
    /// Of a client that is no receiver.
    static let example = EventStream(
        id: Identifier("stream"), client: Client.web, endpoint: "https://shop.example/events",
        sealedAuthorization: [0, 255], requested: ["https://a.example/\u{1F426}"], description: "e\u{301}")
}

extension SealedSignal {
    static func example(_ id: String, _ type: EventType, of user: Identifier<User> = User.alice) -> SealedSignal {
        SealedSignal(
            signal: SecuritySignal(id: id, type, about: [:], user: user, at: moment), claims: Array(id.utf8))
    }
}

extension SecurityEvent {
    static let example = SecurityEvent(
        id: Identifier("event"), stream: EventStream.example.id, sealedClaims: [0, 255], dueAt: moment,
        expiresAt: moment.addingTimeInterval(60))
}

extension WebhookDelivery {
    static let example = WebhookDelivery(
        id: Identifier("node.1.0"), url: "https://shop.example/hook", body: "{}", dueAt: moment,
        expiresAt: moment.addingTimeInterval(60))
}

extension DeviceAuthorization {
    static func example(_ id: String, code: String) -> DeviceAuthorization {
        DeviceAuthorization(
            id: id, userCode: code, sealedRequest: [0, 1, 255], interval: 5, expiresAt: moment)
    }
}
