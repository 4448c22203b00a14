package import Authenticators
import Metrics
import FoundationEssentials
import Logging
import Tracing

/// Name and password. Unknown, disabled and passwordless users cost the same hash as others.
package struct PasswordFactor: Sendable {
    private let users: any UserStore
    private let gate: PasswordGate
    private let parameters: Argon2Parameters
    private let decoy: PasswordHash
    private let measurements = PasswordMeasurements()

    package init(users: any UserStore, gate: PasswordGate, parameters: Argon2Parameters) {
        self.users = users
        self.gate = gate
        self.parameters = parameters
        decoy = .decoy(parameters)
    }

    /// More than any person types; hashing takes it all in.
    private static let maximumLength = 1_024

    /// Who has the name, for the log: nobody is told.
    func find(_ name: String) async throws -> User? { try await users.find(named: name) }

    /// Whose the name is, whether the password is right or not.
    struct Verdict: Sendable {
        /// For the log: nobody is told.
        let named: User?
        let isRight: Bool
    }

    /// The user is looked up once, for whoever fails, too: what a known name costs more than an unknown one is that of one
    /// row. Throws `temporarily_unavailable` when too many sign in at once.
    func verify(_ password: String, of name: String) async throws -> Verdict {
        var user = try await users.find(named: name)
        // The decoy is read anew each time, as a hash of somebody would be.
        let parsed = try? PasswordHash(parsing: user?.passwordHash ?? decoy.text)
        let hash = parsed ?? decoy
        let offered = password.utf8.count <= Self.maximumLength ? password : ""
        let match = try await match(offered, hash)
        guard let match, parsed != nil, let found = user, found.passwordHash != nil, !found.isDisabled, !offered.isEmpty
        else {
            return Verdict(named: user, isRight: false)
        }
        if hash.parameters != parameters || match == .asTyped {
            // Another sign-in upgraded it first, or the password changed: what is stored now decides.
            guard let upgraded = try await upgrade(hash, of: found, password: password) else {
                return try await verify(password, of: name)
            }
            user?.passwordHash = upgraded
        }
        return Verdict(named: user, isRight: true)
    }

    package func hash(_ password: String) async throws -> PasswordHash {
        let text = NewPassword.normalized(password)
        return try await hashing { [parameters] in try PasswordHash(of: text, parameters: parameters) }
    }

    /// Whether `password` is the one of `hash`.
    package func matches(_ password: String, _ hash: PasswordHash) async throws -> Bool {
        try await match(password, hash) != nil
    }

    private enum Match { case normalized, asTyped }

    /// Hashes made elsewhere, or by a version that did not normalise, are of what the person's keyboard wrote: that is
    /// tried, too. How many hashes it takes depends on what was typed, never on the user.
    private func match(_ password: String, _ hash: PasswordHash) async throws -> Match? {
        let text = NewPassword.normalized(password)
        if try await hashing({ hash.matches(text) }) { return .normalized }
        guard !text.utf8.elementsEqual(password.utf8) else { return nil }
        return try await hashing { hash.matches(password) } ? .asTyped : nil
    }

    /// The new hash; `nil` when the stored one is not `old` any more.
    private func upgrade(_ old: PasswordHash, of user: User, password: String) async throws -> String? {
        let new = try await hash(password)
        guard try await users.replacePasswordHash(of: user.id, from: old.text, with: new.text) else { return nil }
        Logger.current.info("password hash upgraded", metadata: ["user": "\(user.id)"])
        return new.text
    }

    private func hashing<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withSpan("password.hash") { [measurements] _ in
            let start = ContinuousClock.now
            measurements.waiting.increment()
            do {
                let value = try await gate.run {
                    measurements.waiting.decrement()
                    measurements.running.increment()
                    defer { measurements.running.decrement() }
                    return try work()
                }
                measurements.duration.record(duration: ContinuousClock.now - start)
                return value
            } catch let error as PasswordGateFull {
                measurements.waiting.decrement()
                measurements.shed.increment()
                throw OAuthError.unavailable(retryAfter: 2, cause: error)
            }
        }
    }
}
