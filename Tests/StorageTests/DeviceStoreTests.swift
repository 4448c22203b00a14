import FoundationEssentials
import IdentityProvider
import TestSupport
import Testing

@Suite("Devices, recovery codes and failed attempts")
struct DeviceStoreTests {
    @Test(
        "a device is stored with the sign-in, found by its secret and user, and listed", arguments: StorageBackend.all)
    func devices(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            try await stores.sessions.start(.example("s"), from: .example, replacing: nil)
            let secret = Device.example("").secret
            #expect(try await stores.devices.find(secret, of: User.alice, at: moment) == .example("d"))
            #expect(try await stores.devices.find(secret, of: Identifier("other"), at: moment) == nil)
            #expect(try await stores.devices.find(secret, of: User.alice, at: moment + 3_600) == nil)
            // The next sign-in with the same browser finds the device.
            let trusted = Device.example("d", trustedUntil: moment + 60)
            try await stores.sessions.start(
                .example("s", secret: 2), from: SignInOrigin(device: trusted), replacing: Identifier("s"))
            #expect(try await stores.devices.devices(of: User.alice, at: moment) == [trusted])
            #expect(try await stores.devices.forget(Identifier("d"), of: Identifier("other")) == false)
            #expect(try await stores.devices.forget(Identifier("d"), of: User.alice))
            #expect(try await stores.devices.devices(of: User.alice, at: moment) == [])
        }
    }

    @Test(
        "a browser's new secret applies to the devices of all its users, and to no others",
        arguments: StorageBackend.all)
    func newSecret(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.sessions.start(
                .example("a", secret: 1), from: SignInOrigin(device: .example("d", secret: 1)), replacing: nil)
            try await stores.sessions.start(
                .example("b", secret: 2, user: User.bob),
                from: SignInOrigin(device: .example("e", secret: 1, user: User.bob)), replacing: nil)
            try await stores.sessions.start(
                .example("o", secret: 3, user: User.bob),
                from: SignInOrigin(device: .example("o", secret: 3, user: User.bob)), replacing: nil)
            let (old, new) = (Device.example("", secret: 1).secret, Device.example("", secret: 9).secret)
            let trusted = Device.example("d", secret: 9, trustedUntil: moment + 60)
            try await stores.sessions.start(
                .example("n", secret: 4), from: SignInOrigin(device: trusted, formerSecrets: [old]), replacing: nil)
            for user in [User.alice, User.bob] {
                #expect(try await stores.devices.find(old, of: user, at: moment) == nil)
                #expect(try await stores.devices.find(new, of: user, at: moment) != nil)
            }
            #expect(try await stores.devices.find(new, of: User.alice, at: moment) == trusted)
            let other = Device.example("", secret: 3).secret
            #expect(try await stores.devices.find(other, of: User.bob, at: moment)?.id == Identifier("o"))
        }
    }

    @Test(
        "networks are stored with the sign-in, each once, and deleted with the devices", arguments: StorageBackend.all)
    func networks(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            func signIn(_ number: UInt8, from network: KnownNetwork) async throws {
                try await stores.sessions.start(
                    .example("s\(number)", secret: number), from: SignInOrigin(network: network), replacing: nil)
            }
            try await signIn(1, from: .example("192.0.2.0/24", address: "192.0.2.1"))
            try await signIn(2, from: .example("198.51.100.0/24", address: "198.51.100.1", at: moment + 1))
            try await signIn(3, from: .example("192.0.2.0/24", address: "192.0.2.9", at: moment + 2))
            let known = try await stores.devices.networks(of: User.alice, at: moment)
            #expect(known.map(\.address) == ["192.0.2.9", "198.51.100.1"])
            #expect(known.map(\.firstSeenAt) == [moment, moment + 1])
            #expect(try await stores.devices.networks(of: Identifier("other"), at: moment) == [])
            #expect(try await stores.devices.networks(of: User.alice, at: moment + 3_602) == [])
            try await stores.devices.forgetAll(of: User.alice)
            #expect(try await stores.devices.networks(of: User.alice, at: moment) == [])
        }
    }

    @Test("a user keeps only the most recent devices and networks", arguments: StorageBackend.all)
    func bounded(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            for number in 0..<70 {
                let origin = SignInOrigin(
                    device: .example("d\(number)", secret: UInt8(number), at: moment + Double(number)),
                    network: .example("n\(number)", at: moment + Double(number)))
                try await stores.sessions.start(
                    .example("s\(number)", secret: UInt8(number)), from: origin, replacing: nil)
            }
            let latest = (6..<70).reversed()
            let devices = try await stores.devices.devices(of: User.alice, at: moment)
            #expect(devices.map(\.id.rawValue) == latest.map { "d\($0)" })
            let networks = try await stores.devices.networks(of: User.alice, at: moment)
            #expect(networks.map(\.network) == latest.map { "n\($0)" })
        }
    }

    @Test("concurrent sign-ins from a new network all store it", arguments: StorageBackend.all)
    func atOnce(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            _ = try await race(32) { number in
                try await stores.sessions.start(
                    .example("s\(number)", secret: UInt8(number)),
                    from: SignInOrigin(network: .example("192.0.2.0/24")), replacing: nil)
            }
            #expect(try await stores.devices.networks(of: User.alice, at: moment).count == 1)
            #expect(try await stores.sessions.sessions(of: User.alice, at: moment).count == 32)
        }
    }

    @Test("a session records where it began, and all sessions of a user are listed", arguments: StorageBackend.all)
    func sessions(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            let session = Session(
                id: Identifier("s"), secret: SecretDigest(bytes: Array(repeating: 7, count: 32)), user: User.alice,
                authenticatedAt: moment, amr: ["pwd"], acr: "1", expiresAt: moment + 60, device: Identifier("d"),
                userAgent: "Browser", address: "192.0.2.1", trustsDevice: true)
            try await stores.sessions.start(session, replacing: nil)
            #expect(try await stores.sessions.sessions(of: User.alice, at: moment) == [session])
            #expect(try await stores.sessions.sessions(of: User.alice, at: moment + 60) == [])
        }
    }

    @Test("of concurrent uses of a recovery code, one succeeds", arguments: StorageBackend.all)
    func recoveryCodes(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            let codes = (0..<10).map { SecretDigest<RecoveryCode>(bytes: [UInt8($0)]) }
            try await stores.recoveryCodes.replace(codes, of: User.alice, at: moment)
            #expect(try await stores.recoveryCodes.count(of: User.alice) == 10)
            let winners = try await race(64) { _ in
                try await stores.recoveryCodes.consume(codes[3], of: User.alice)
            }
            #expect(winners.count(where: \.self) == 1)
            #expect(try await stores.recoveryCodes.count(of: User.alice) == 9)
            #expect(try await stores.recoveryCodes.consume(codes[0], of: Identifier("other")) == false)
            try await stores.recoveryCodes.replace([SecretDigest(bytes: [99])], of: User.alice, at: moment)
            #expect(try await stores.recoveryCodes.consume(codes[0], of: User.alice) == false)
            #expect(try await stores.recoveryCodes.count(of: User.alice) == 1)
        }
    }

    @Test("of concurrent uses of an access code, one succeeds, until it expires", arguments: StorageBackend.all)
    func accessCodes(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            let alice = try #require(try await stores.users.find(User.alice))
            let codes = stores.recoveryCodes
            let (first, second) = (SecretDigest<AccessCode>(bytes: [1]), SecretDigest<AccessCode>(bytes: [2]))
            try await codes.replace([SecretDigest(bytes: [9])], of: User.alice, at: moment)
            for code in [first, second] {
                #expect(try await codes.replaceAccessCode(code, of: alice, until: moment + 60, at: moment))
            }
            #expect(try await codes.accessCodeExpiry(of: User.alice) == moment + 60)
            // It is no recovery code, not another user's, and void once there is a newer one or it expires.
            #expect(try await codes.count(of: User.alice) == 1)
            #expect(try await !codes.consume(SecretDigest(bytes: [2]), of: User.alice))
            #expect(try await !codes.consumeAccessCode([second], of: User.bob, at: moment))
            #expect(try await !codes.consumeAccessCode([first], of: User.alice, at: moment))
            #expect(try await !codes.consumeAccessCode([second], of: User.alice, at: moment + 60))
            let winners = try await race(64) { _ in
                try await codes.consumeAccessCode([first, second], of: User.alice, at: moment + 59)
            }
            #expect(winners.count(where: \.self) == 1)
            #expect(try await codes.accessCodeExpiry(of: User.alice) == nil)
            #expect(try await codes.count(of: User.alice) == 1)
        }
    }

    @Test("of access codes that are made concurrently, one is left", arguments: StorageBackend.all)
    func accessCodesMade(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            let alice = try #require(try await stores.users.find(User.alice))
            _ = try await race(16) { number in
                try await stores.recoveryCodes.replaceAccessCode(
                    SecretDigest(bytes: [UInt8(number)]), of: alice, until: moment + 60, at: moment)
            }
            var left = 0
            for number in 0..<16 {
                let digest = SecretDigest<AccessCode>(bytes: [UInt8(number)])
                let isLeft = try await stores.recoveryCodes.consumeAccessCode([digest], of: User.alice, at: moment)
                if isLeft { left += 1 }
            }
            #expect(left == 1)
        }
    }

    @Test(
        "new recovery codes leave the access code, a changed user gets neither, and either can be removed",
        arguments: StorageBackend.all)
    func accessCodeOfChangedUser(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            let alice = try #require(try await stores.users.find(User.alice))
            let codes = stores.recoveryCodes
            #expect(try await codes.replaceAccessCode(SecretDigest(bytes: [1]), of: alice, until: moment, at: moment))
            #expect(try await codes.replace([SecretDigest(bytes: [2])], of: alice, at: moment))
            #expect(try await codes.accessCodeExpiry(of: User.alice) == moment)
            try await stores.users.setDisabled(User.alice, to: true, at: moment)
            let code = SecretDigest<AccessCode>(bytes: [3])
            #expect(try await !codes.replaceAccessCode(code, of: alice, until: moment, at: moment))
            #expect(try await !codes.replace([SecretDigest(bytes: [4])], of: alice, at: moment))
            #expect(try await codes.accessCodeExpiry(of: User.alice) == moment)
            #expect(try await codes.count(of: User.alice) == 1)
            // Only the first of two removals finds something.
            for isThere in [true, false] {
                #expect(try await codes.replaceAccessCode(nil, of: alice, until: moment, at: moment) == isThere)
                #expect(try await codes.replace([], of: alice, at: moment) == isThere)
            }
            #expect(try await codes.accessCodeExpiry(of: User.alice) == nil)
            #expect(try await codes.count(of: User.alice) == 0)
        }
    }

    @Test("ending all sessions voids the access code and leaves recovery codes", arguments: StorageBackend.all)
    func accessCodeEnds(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            try await stores.populate()
            let codes = stores.recoveryCodes
            let alice = try #require(try await stores.users.find(User.alice))
            #expect(try await codes.replace([SecretDigest(bytes: [2])], of: alice, at: moment))
            let code = SecretDigest<AccessCode>(bytes: [1])
            // A code made with what was read before is refused after it: none slips through between the two.
            _ = try await race(16) { number in
                if number == 8 { _ = try await stores.sessions.endAll(of: User.alice, at: moment) }
                _ = try await codes.replaceAccessCode(code, of: alice, until: moment + 60, at: moment)
            }
            #expect(try await codes.accessCodeExpiry(of: User.alice) == nil)
            #expect(try await codes.count(of: User.alice) == 1)
        }
    }

    @Test(
        "concurrent failures that expire one after another all count, up to a limit", arguments: StorageBackend.all)
    func filling(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            func end() async throws -> Date? {
                try await stores.attempts.failures(of: ["a"], at: moment)["a"]?.expiresAt
            }
            _ = try await race(32) { _ in try await stores.attempts.fill("a", by: 2, upTo: 70, at: moment) }
            #expect(try await end() == moment + 64)
            for _ in 0..<5 { try await stores.attempts.fill("a", by: 2, upTo: 70, at: moment) }
            #expect(try await end() == moment + 70)
            #expect(try await stores.attempts.failures(of: ["a"], at: moment)["a"]?.count == 37)
            try await stores.attempts.fill("a", by: 2, upTo: 70, at: moment + 100)
            let failures = try await stores.attempts.failures(of: ["a"], at: moment + 100)
            #expect(failures["a"] == Attempts(count: 1, lastFailedAt: moment + 100, expiresAt: moment + 102))
        }
    }

    @Test("concurrent failures are all counted, and expired ones no longer are", arguments: StorageBackend.all)
    func attempts(_ backend: StorageBackend) async throws {
        try await backend.withStores { stores in
            _ = try await race(32) { _ in
                try await stores.attempts.fail(["a", "b"], at: moment, expiresAt: moment + 60)
            }
            let failures = try await stores.attempts.failures(of: ["a", "b", "c"], at: moment)
            #expect(failures.mapValues(\.count) == ["a": 32, "b": 32])
            #expect(try await stores.attempts.failures(of: ["a"], at: moment + 60).isEmpty)
            try await stores.attempts.fail(["a"], at: moment + 61, expiresAt: moment + 90)
            #expect(try await stores.attempts.failures(of: ["a"], at: moment + 61)["a"]?.count == 1)
            #expect(try await stores.attempts.forget(["a", "c"]))
            #expect(try await !stores.attempts.forget(["a", "c"]))
        }
    }
}
