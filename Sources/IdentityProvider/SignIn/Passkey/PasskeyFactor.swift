import Authenticators
import Crypto
import FoundationEssentials
import JOSE
import Logging

/// Passkeys (WebAuthn L3): enrolled on the account page, shown in place of all else or as a second factor.
struct PasskeyFactor: Sendable {
    let issuer: Issuer
    /// What authenticators call the site.
    let name: String
    let passkeys: any PasskeyStore
    let users: any UserStore
    let ceremonies: PasskeyCeremonies
    let audit: AuditLog
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        name = core.settings.name
        passkeys = core.stores.passkeys
        users = core.stores.users
        ceremonies = PasskeyCeremonies(core)
        audit = core.audit
        now = core.now
    }

    /// More than anybody needs; the list travels in every enrolment.
    static let maximumCount = 20

    /// The RP ID is the issuer's host. Issuers below paths of one host share it, but neither challenges nor passkeys.
    private var party: RelyingParty { RelyingParty(id: issuer.host, origin: issuer.origin) }

    func isEnrolled(_ user: User) async throws -> Bool { try await !passkeys.passkeys(of: user.id).isEmpty }

    /// What a page carries to ask for a passkey: of `user` as a second factor, of anybody as the only one.
    func prompt(for user: User?, in browser: BrowserIdentity) async throws -> PasskeyPrompt {
        let ceremony = ceremonies.start(user == nil ? .signIn : .secondFactor, with: user?.id, in: browser)
        let allowed = if let user { try await passkeys.passkeys(of: user.id) } else { [Passkey]() }
        return PasskeyPrompt(
            options: PasskeyOptions.request(
                ceremony, at: party, allowing: allowed, timeout: ceremonies.lifetime),
            ceremony: try ceremonies.seal(ceremony))
    }

    /// What the account page carries to add one.
    func enrolmentPrompt(for user: User, in browser: BrowserIdentity) async throws -> PasskeyPrompt {
        let ceremony = ceremonies.start(.enrolment, with: user.id, in: browser)
        return PasskeyPrompt(
            options: PasskeyOptions.creation(
                ceremony, for: user, handle: handle(of: user.id), at: party, named: name,
                excluding: try await passkeys.passkeys(of: user.id), timeout: ceremonies.lifetime),
            ceremony: try ceremonies.seal(ceremony))
    }

    /// Keeps the passkey that the form carries. Returns `nil` when it is not one, or belongs to anybody already.
    func enrol(_ request: Request, for user: User, named name: String) async throws -> Passkey? {
        do {
            let ceremony = try ceremonies.resume(request, for: .enrolment, with: user.id)
            let response = try PasskeyRegistrationResponse(parsing: request.parameters["credential"] ?? "")
            let registration = try Registration(
                clientDataJSON: response.clientDataJSON, attestationObject: response.attestationObject,
                challenge: ceremony.challenge, for: party, requiresUserVerification: false)
            guard try await passkeys.passkeys(of: user.id).count < Self.maximumCount else {
                throw PasskeyRefusal("there are enough")
            }
            try await ceremonies.consume(ceremony)
            let passkey = Passkey(registration, user: user.id, name: name, transports: response.transports, at: now())
            guard try await passkeys.add(passkey, by: user) else {
                throw PasskeyRefusal("the credential is taken, or the account has changed")
            }
            Logger.current.info("passkey enrolled", metadata: ["user": "\(user.id)", "passkey": "\(passkey.id)"])
            audit.record(.factorEnrolled(.passkey), user: user.id)
            return passkey
        } catch {
            let reason = try Self.reason(error)
            Logger.current.notice("passkey not enrolled", metadata: ["user": "\(user.id)", "reason": "\(reason)"])
            return nil
        }
    }

    /// Returns whether `user` has it.
    func rename(_ id: Identifier<Passkey>, of user: User, to name: String) async throws -> Bool {
        guard try await passkeys.rename(id, of: user.id, to: name) else { return false }
        audit.record(.factorRenamed(.passkey), user: user.id)
        return true
    }

    /// The last way into an account without a password stays.
    func remove(_ id: Identifier<Passkey>, of user: User) async throws -> PasskeyRemoval {
        let removal = try await passkeys.remove(id, of: user.id, at: now())
        guard removal == .removed else { return removal }
        Logger.current.info("passkey removed", metadata: ["user": "\(user.id)", "passkey": "\(id)"])
        audit.record(.factorRemoved(.passkey), user: user.id)
        return .removed
    }

    /// Who showed a passkey, `user` as a second factor or anybody as the only one; `nil` when it does not count. Each
    /// answer counts once.
    func prove(_ request: Request, of user: User?) async throws -> PasskeyProof? {
        try await prove(
            request, of: user,
            in: ceremonies.resume(request, for: user == nil ? .signIn : .secondFactor, with: user?.id))
    }

    /// As `prove`, of what answers `challenge`.
    func prove(_ request: Request, of user: User, answering challenge: FactorChallenge) async throws -> PasskeyProof? {
        try await prove(request, of: user, in: ceremonies.start(challenge, with: user.id))
    }

    /// What the JSON API hands to the browser to ask for a passkey of `user`.
    func options(for user: User, _ challenge: FactorChallenge) async throws -> JSONObject {
        PasskeyOptions.request(
            ceremonies.start(challenge, with: user.id), at: party,
            allowing: try await passkeys.passkeys(of: user.id), timeout: challenge.expiresAt.timeIntervalSince(now()))
    }

    private func prove(
        _ request: Request, of user: User?, in ceremony: @autoclosure () throws -> PasskeyCeremony
    ) async throws -> PasskeyProof? {
        var owner = user?.id
        do {
            let ceremony = try ceremony()
            let response = try PasskeyAssertionResponse(parsing: request.parameters["credential"] ?? "")
            let passkey = try await find(response, for: ceremony)
            owner = passkey.user
            let assertion = try verify(response, of: passkey, in: ceremony)
            guard let user = try await users.findEnabled(passkey.user) else {
                throw PasskeyRefusal("the user is disabled")
            }
            try await ceremonies.consume(ceremony)
            let authenticator = assertion.authenticator
            let isUsed = try await passkeys.use(
                passkey.id, signCount: authenticator.signCount, isBackedUp: authenticator.isBackedUp, at: now())
            guard isUsed else { throw PasskeyRefusal.counterBehind }
            return PasskeyProof(
                user: user, passkey: passkey.id, addedAt: passkey.createdAt,
                isBackupEligible: passkey.isBackupEligible,
                isUserVerified: authenticator.isUserVerified && passkey.isUserVerificationInitialized)
        } catch {
            try refuse(error, user: owner)
            return nil
        }
    }

    /// Steps 5 and 6 of §7.2.
    private func find(
        _ response: PasskeyAssertionResponse, for ceremony: PasskeyCeremony
    ) async throws -> Passkey {
        guard let passkey = try await passkeys.find(Passkey.id(of: response.credentialID)) else {
            throw PasskeyRefusal("7.2-6: nobody has this credential")
        }
        guard ceremony.user == nil || ceremony.user == passkey.user else {
            throw PasskeyRefusal("7.2-5: the credential is another's")
        }
        let handle = handle(of: passkey.user)
        guard response.userHandle.map({ ConstantTime.equal($0, handle) }) ?? (ceremony.user != nil) else {
            throw PasskeyRefusal("7.2-6: the user handle is missing or another's")
        }
        return passkey
    }

    private func verify(
        _ response: PasskeyAssertionResponse, of passkey: Passkey, in ceremony: PasskeyCeremony
    ) throws -> Assertion {
        let assertion = try Assertion(
            clientDataJSON: response.clientDataJSON, authenticatorData: response.authenticatorData,
            signature: response.signature, challenge: ceremony.challenge,
            by: Assertion.Record(
                publicKey: COSEKey(parsing: passkey.publicKey), signCount: passkey.signCount,
                isBackupEligible: passkey.isBackupEligible),
            for: party, requiresUserVerification: ceremony.purpose == .signIn)
        guard ceremony.purpose != .signIn || passkey.isUserVerificationInitialized else {
            throw PasskeyRefusal("the authenticator did not verify its user when it was enrolled")
        }
        return assertion
    }

    /// Random, as the user's identifier is, and the same for all passkeys of a user: an authenticator keeps one for each
    /// handle, and issuers that share a host must not overwrite each other's (§5.4.3, §14.6.1).
    private func handle(of user: Identifier<User>) -> [UInt8] {
        Array(SHA256.hash(data: Array("\(issuer.identifier)\u{0}\(user)".utf8)))
    }

    private func refuse(_ error: any Error, user: Identifier<User>?) throws {
        let reason = try Self.reason(error)
        Logger.current.notice("passkey refused", metadata: ["reason": "\(reason)"])
        let isCounterBehind =
            (error as? PasskeyRefusal)?.isCounterBehind ?? ((error as? WebAuthnRefusal)?.step == "7.2-22")
        if isCounterBehind { audit.record(.passkeyCounterWentBack, user: user) }
    }

    /// Rethrows what is no refusal, such as a storage that cannot answer.
    private static func reason(_ error: any Error) throws -> String {
        switch error {
        case let refusal as PasskeyRefusal: return refusal.reason
        case let refusal as WebAuthnRefusal: return "\(refusal.step): \(refusal.reason)"
        default: throw error
        }
    }
}

extension PasskeyRefusal {
    static var counterBehind: PasskeyRefusal {
        var refusal = PasskeyRefusal("7.2-22: the count was passed meanwhile")
        refusal.isCounterBehind = true
        return refusal
    }
}

/// Somebody showed a passkey. Made only by checking it.
struct PasskeyProof: Sendable {
    let user: User
    let passkey: Identifier<Passkey>
    fileprivate let addedAt: Date
    fileprivate let isBackupEligible: Bool
    /// Whether the authenticator knew the person: then it stands for two factors.
    let isUserVerified: Bool

    fileprivate init(
        user: User, passkey: Identifier<Passkey>, addedAt: Date, isBackupEligible: Bool, isUserVerified: Bool
    ) {
        self.user = user
        self.passkey = passkey
        self.addedAt = addedAt
        self.isBackupEligible = isBackupEligible
        self.isUserVerified = isUserVerified
    }

    /// RFC 8176 §2: a key that can be copied is no hardware's.
    var shown: ShownFactor {
        .passkey(verifiesUser: isUserVerified, isHardware: !isBackupEligible).added(at: addedAt)
    }
}

/// What a page carries to ask an authenticator something.
struct PasskeyPrompt: Sendable {
    let options: JSONObject
    /// Sealed.
    let ceremony: String
}

extension Passkey {
    fileprivate init(
        _ registration: Registration, user: Identifier<User>, name: String, transports: [String], at moment: Date
    ) {
        let authenticator = registration.authenticator
        self.init(
            user: user, name: name, credentialID: registration.credentialID,
            publicKey: registration.publicKey.encoded, signCount: authenticator.signCount,
            aaguid: registration.aaguid, transports: transports,
            isBackupEligible: authenticator.isBackupEligible, isBackedUp: authenticator.isBackedUp,
            isUserVerificationInitialized: authenticator.isUserVerified, createdAt: moment)
    }
}
