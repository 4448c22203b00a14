package import Authenticators
import Metrics
import FoundationEssentials
import Logging
import Tracing

/// Verifies usernames and passwords. Users who are unknown, disabled or without a password cost the same hash as any
/// other, which avoids a timing side channel.
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

    /// In bytes. Bounds the input to the hash, far above what anyone types.
    private static let maximumLength = 1_024

    /// Returns the user with this username or email address. The result must not be revealed to the client.
    func find(_ name: String) async throws -> User? { try await users.find(named: name) }

    /// The result of a verification.
    struct Verdict: Sendable {
        /// The user with this name, whether or not the password is correct. Must not be revealed to the client.
        let named: User?
        let isRight: Bool
    }

    /// Verifies `password`. Looks the user up once, even on failure, so that a known name costs only one row more than
    /// an unknown one. Throws `temporarily_unavailable` if too many passwords are waiting to be hashed.
    func verify(_ password: String, of name: String) async throws -> Verdict {
        var user = try await users.find(named: name)
        // Parsing the decoy each time takes as long as parsing a user's hash.
        let parsed = try? PasswordHash(parsing: user?.passwordHash ?? decoy.text)
        let hash = parsed ?? decoy
        let offered = password.utf8.count <= Self.maximumLength ? password : ""
        let match = try await match(offered, hash)
        guard let match, parsed != nil, let found = user, found.passwordHash != nil, !found.isDisabled, !offered.isEmpty
        else {
            return Verdict(named: user, isRight: false)
        }
        if hash.parameters != parameters || match == .asTyped {
            // If another sign-in has upgraded the hash, or the password has changed, verify against what is stored now.
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

    /// Returns whether `hash` was made from `password`.
    package func matches(_ password: String, _ hash: PasswordHash) async throws -> Bool {
        try await match(password, hash) != nil
    }

    private enum Match { case normalized, asTyped }

    /// Imported hashes, and those of versions that did not normalize, were made from the text as typed, so that form is
    /// tried as well. The number of hashes depends only on the input, never on the user.
    private func match(_ password: String, _ hash: PasswordHash) async throws -> Match? {
        let text = NewPassword.normalized(password)
        if try await hashing({ hash.matches(text) }) { return .normalized }
        guard !text.utf8.elementsEqual(password.utf8) else { return nil }
        return try await hashing { hash.matches(password) } ? .asTyped : nil
    }

    /// Returns the new hash, or `nil` if the stored one is no longer `old`.
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
