import Authenticators
import Synchronization
import Testing

@Suite("RFC 9106: password hashes")
struct PasswordHashTests {
    private let cheap = Argon2Parameters(memory: 8, iterations: 1)

    @Test("the right password matches and others don't, whatever characters they contain")
    func matching() throws {
        let hash = try PasswordHash(of: "correct\u{0} horse é", parameters: cheap)
        #expect(hash.matches("correct\u{0} horse é"))
        for other in ["correct", "correct\u{0} horse", "", "correct\u{0} horse è"] { #expect(!hash.matches(other)) }
        #expect(try PasswordHash(parsing: hash.text).matches("correct\u{0} horse é"))
    }

    @Test("a hash created elsewhere is accepted, with its own parameters")
    func foreign() throws {
        // echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 24 (phc-winner-argon2 20190702)
        let hash = try PasswordHash(
            parsing: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
        #expect(hash.parameters == Argon2Parameters(memory: 65_536, iterations: 2, parallelism: 1))
        #expect(hash.matches("password"))
        #expect(!hash.matches("Password"))
    }

    @Test("hashing the same password twice gives different hashes")
    func salt() throws {
        let hashes = try (0..<20).map { _ in try PasswordHash(of: "same", parameters: cheap).text }
        #expect(Set(hashes).count == 20)
    }

    @Test("the decoy costs as much as a real hash and matches nothing")
    func decoy() throws {
        let decoy = PasswordHash.decoy(cheap)
        #expect(try PasswordHash(parsing: decoy.text).parameters == cheap)
        #expect(!decoy.matches(""))
        #expect(!decoy.matches("password"))
    }

    @Test(
        "a hash with another algorithm, or with a cost that would exhaust the server, is refused",
        arguments: [
            "", "plain", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA", "$2b$12$abcdefghijklmnopqrstuv",
            "$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA", "$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$aGFzaA",
            "$argon2id$v=19$m=8,t=9999,p=1$c29tZXNhbHQ$aGFzaA", "$argon2id$v=19$m=8,t=1$c29tZXNhbHQ$aGFzaA",
            "$argon2id$v=19$m=8,t=1,p=1$$", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFz\naA",
            "$argon2id$v=19$m=8,t=1,p=1$c29tZQ$aGFzaGhhc2g", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGE",
            "$argon2id$v=19$m=8,t=1,p=1$c29t_XNhbHQ$aGFzaGhhc2g", "$argon2id$v=19$m=8,t=1,p=2$c29tZXNhbHQ$aGFzaGhhc2g",
        ])
    func refused(_ text: String) {
        #expect(throws: InvalidPasswordHash.self) { try PasswordHash(parsing: text) }
    }
}

@Suite("The gate that limits concurrent password hashes")
struct PasswordGateTests {
    /// Blocks until it is opened, and counts the tasks inside.
    private final class Door: Sendable {
        private let state = Mutex((inside: 0, most: 0, isOpen: false))
        func pass() {
            state.withLock {
                $0.inside += 1
                $0.most = max($0.most, $0.inside)
            }
            while !state.withLock({ $0.isOpen }) {}
            state.withLock { $0.inside -= 1 }
        }
        func open() { state.withLock { $0.isOpen = true } }
        var inside: Int { state.withLock { $0.inside } }
        var most: Int { state.withLock { $0.most } }
    }

    @Test("hashes run and wait up to their limits; further ones are turned away at once")
    func bounds() async throws {
        let gate = PasswordGate(width: 1, queueLimit: 3)
        let door = Door()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask { (try? await gate.run { door.pass() }) != nil }
            }
            // The gate may open only once six have been refused, one is inside and three wait.
            var refused = 0
            var passed = 0
            for await hasPassed in group {
                if hasPassed { passed += 1 } else { refused += 1 }
                if refused == 6 { door.open() }
            }
            return (refused, passed)
        }
        #expect(outcomes == (6, 4))
        #expect(door.most == 1)
        #expect(door.inside == 0)
    }

    @Test("a failed hash frees its place")
    func failure() async throws {
        struct Broken: Error {}
        let gate = PasswordGate(width: 1, queueLimit: 0)
        for _ in 0..<3 {
            await #expect(throws: Broken.self) { try await gate.run { throw Broken() } }
        }
        #expect(try await gate.run { 7 } == 7)
    }
}
