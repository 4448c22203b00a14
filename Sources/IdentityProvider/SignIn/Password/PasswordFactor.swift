package import Authenticators
import FoundationEssentials
import Logging
import Tracing

/// Name and password. Unknown, disabled and passwordless users cost the same hash as others.
package struct PasswordFactor: Sendable {
    private let users: any UserStore
    private let gate: PasswordGate
    private let parameters: Argon2Parameters
    private let decoy: PasswordHash

    package init(users: any UserStore, gate: PasswordGate, parameters: Argon2Parameters) {
        self.users = users
        self.gate = gate
        self.parameters = parameters
        decoy = .decoy(parameters)
    }

    /// More than any person types; hashing takes it all in.
    private static let maximumLength = 1_024

    /// The user, if the password is theirs. Throws `temporarily_unavailable` when too many sign in at once.
    func verify(_ password: String, of name: String) async throws -> User? {
        let user = try await users.find(named: name)
        let stored = user?.passwordHash.flatMap { try? PasswordHash(parsing: $0) }
        let hash = stored ?? decoy
        let offered = password.utf8.count <= Self.maximumLength ? password : ""
        let matches = try await hashing { hash.matches(offered) }
        guard matches, stored != nil, let user, !user.isDisabled, !offered.isEmpty else { return nil }
        if hash.parameters != parameters { try await upgrade(hash, of: user, password: password) }
        return user
    }

    package func hash(_ password: String) async throws -> PasswordHash {
        try await hashing { [parameters] in try PasswordHash(of: password, parameters: parameters) }
    }

    /// Whether `password` is the one of `hash`.
    package func matches(_ password: String, _ hash: PasswordHash) async throws -> Bool {
        try await hashing { hash.matches(password) }
    }

    private func upgrade(_ old: PasswordHash, of user: User, password: String) async throws {
        let new = try await hash(password)
        try await users.replacePasswordHash(of: user.id, from: old.text, with: new.text)
        Logger.current.info("password hash upgraded", metadata: ["user": "\(user.id)"])
    }

    private func hashing<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withSpan("password.hash") { _ in
            do { return try await gate.run(work) } catch let error as PasswordGateFull {
                throw OAuthError.unavailable(retryAfter: 2, cause: error)
            }
        }
    }
}
