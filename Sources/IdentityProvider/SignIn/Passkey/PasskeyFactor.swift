import Authenticators
import Crypto
import FoundationEssentials
import JOSE
import Logging

/// Passkeys (WebAuthn L3), used alone or as a second factor.
struct PasskeyFactor: Sendable {
    let issuer: Issuer
    /// The site name that authenticators display.
    let name: String
    let passkeys: any PasskeyStore
    let users: any UserStore
    let upstreams: CachedUpstreams
    let ceremonies: PasskeyCeremonies
    let audit: AuditLog
    let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        name = core.settings.name
        passkeys = core.stores.passkeys
        users = core.stores.users
        upstreams = core.upstreams
        ceremonies = PasskeyCeremonies(core)
        audit = core.audit
        now = core.now
    }

    /// Generous for one user, but bounded, because every enrollment page carries the list.
    static let maximumCount = 20

    /// The RP ID is the issuer's host. Issuers under different paths of one host share it, but not challenges or
    /// passkeys.
    private var party: RelyingParty { RelyingParty(id: issuer.host, origin: issuer.origin) }

    func isEnrolled(_ user: User) async throws -> Bool { try await !passkeys.passkeys(of: user.id).isEmpty }

    /// Returns the prompt for a passkey of `user` as a second factor or, if `user` is `nil`, for anyone's passkey as
    /// the only factor.
    func prompt(for user: User?, in browser: BrowserIdentity) async throws -> PasskeyPrompt {
        let ceremony = ceremonies.start(user == nil ? .signIn : .secondFactor, with: user?.id, in: browser)
        let allowed = if let user { try await passkeys.passkeys(of: user.id) } else { [Passkey]() }
        return PasskeyPrompt(
            options: PasskeyOptions.request(
                ceremony, at: party, allowing: allowed, timeout: ceremonies.lifetime),
            ceremony: try ceremonies.seal(ceremony))
    }

    /// Returns the prompt for adding a passkey.
    func enrolmentPrompt(for user: User, in browser: BrowserIdentity) async throws -> PasskeyPrompt {
        let ceremony = ceremonies.start(.enrolment, with: user.id, in: browser)
        return PasskeyPrompt(
            options: PasskeyOptions.creation(
                ceremony, for: user, handle: handle(of: user.id), at: party, named: name,
                excluding: try await passkeys.passkeys(of: user.id), timeout: ceremonies.lifetime),
            ceremony: try ceremonies.seal(ceremony))
    }

    /// Stores the passkey that the form carries. Returns `nil` if it is invalid or already registered, or if the user
    /// has too many.
    func enrol(_ request: Request, for user: User, named name: String) async throws -> Passkey? {
        do {
            let ceremony = try ceremonies.resume(request, for: .enrolment, with: user.id)
            let response = try PasskeyRegistrationResponse(parsing: request.parameters["credential"] ?? "")
            let registration = try Registration(
                clientDataJSON: response.clientDataJSON, attestationObject: response.attestationObject,
                challenge: ceremony.challenge, for: party, requiresUserVerification: false)
            guard try await passkeys.passkeys(of: user.id).count < Self.maximumCount else {
                throw PasskeyRefusal("the user already has \(Self.maximumCount) passkeys, the maximum")
            }
            try await ceremonies.consume(ceremony)
            let passkey = Passkey(registration, user: user.id, name: name, transports: response.transports, at: now())
            guard try await passkeys.add(passkey, by: user) else {
                throw PasskeyRefusal("the credential is already registered, or the account has changed")
            }
            Logger.current.info("passkey added", metadata: ["user": "\(user.id)", "passkey": "\(passkey.id)"])
            audit.record(.factorEnrolled(.passkey), user: user.id)
            return passkey
        } catch {
            let reason = try Self.reason(error)
            Logger.current.notice("passkey not added", metadata: ["user": "\(user.id)", "reason": "\(reason)"])
            return nil
        }
    }

    /// Returns `false` if `user` has no such passkey.
    func rename(_ id: Identifier<Passkey>, of user: User, to name: String) async throws -> Bool {
        guard try await passkeys.rename(id, of: user.id, to: name) else { return false }
        audit.record(.factorRenamed(.passkey), user: user.id)
        return true
    }

    /// Removes the passkey unless it is the only way into an account without a password.
    func remove(_ id: Identifier<Passkey>, of user: User) async throws -> PasskeyRemoval {
        let usable = try await upstreams.enabled().map(\.authority)
        let removal = try await passkeys.remove(id, of: user.id, usable: usable, at: now())
        guard removal == .removed else { return removal }
        Logger.current.info("passkey removed", metadata: ["user": "\(user.id)", "passkey": "\(id)"])
        audit.record(.factorRemoved(.passkey), user: user.id)
        return .removed
    }

    /// Verifies an assertion by `user` as a second factor or, if `user` is `nil`, by anyone as the only factor. Returns
    /// `nil` if it is rejected. Each assertion is accepted once.
    func prove(_ request: Request, of user: User?) async throws -> PasskeyProof? {
        try await prove(
            request, of: user,
            in: ceremonies.resume(request, for: user == nil ? .signIn : .secondFactor, with: user?.id))
    }

    /// Verifies an assertion by `user` in response to `challenge`.
    func prove(_ request: Request, of user: User, answering challenge: FactorChallenge) async throws -> PasskeyProof? {
        try await prove(request, of: user, in: ceremonies.start(challenge, with: user.id))
    }

    /// Returns the request options that the JSON API gives the front end to ask for a passkey of `user`.
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
                throw PasskeyRefusal("the user is disabled or was deleted")
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

    /// WebAuthn L3 §7.2 steps 5 and 6.
    private func find(
        _ response: PasskeyAssertionResponse, for ceremony: PasskeyCeremony
    ) async throws -> Passkey {
        guard let passkey = try await passkeys.find(Passkey.id(of: response.credentialID)) else {
            throw PasskeyRefusal("7.2-6: no user has this credential")
        }
        guard ceremony.user == nil || ceremony.user == passkey.user else {
            throw PasskeyRefusal("7.2-5: the credential belongs to another user")
        }
        let handle = handle(of: passkey.user)
        guard response.userHandle.map({ ConstantTime.equal($0, handle) }) ?? (ceremony.user != nil) else {
            throw PasskeyRefusal("7.2-6: the user handle is missing or belongs to another user")
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
            throw PasskeyRefusal("the authenticator did not verify its user at enrollment")
        }
        return assertion
    }

    /// The WebAuthn user handle, the same for all passkeys of a user. It reveals nothing, because user identifiers are
    /// random, and it includes the issuer: an authenticator keeps one passkey per RP ID and handle, so issuers on one
    /// host must not overwrite each other's (WebAuthn L3 §5.4.3, §14.6.1).
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

    /// Returns the reason for the log. Rethrows any error that is not a refusal, such as a storage failure.
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
        var refusal = PasskeyRefusal("7.2-22: another use has already reached this signature counter")
        refusal.isCounterBehind = true
        return refusal
    }
}

/// A verified passkey assertion. Only `PasskeyFactor` can create one.
struct PasskeyProof: Sendable {
    let user: User
    let passkey: Identifier<Passkey>
    fileprivate let addedAt: Date
    fileprivate let isBackupEligible: Bool
    /// Whether the authenticator verified the user, in which case the passkey counts as two factors.
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

    /// RFC 8176 §2: a key that can be backed up is not hardware-bound.
    var shown: ShownFactor {
        .passkey(verifiesUser: isUserVerified, isHardware: !isBackupEligible).added(at: addedAt)
    }
}

/// The options and state that a page carries to ask for a passkey.
struct PasskeyPrompt: Sendable {
    let options: JSONObject
    /// The sealed `PasskeyCeremony`.
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
