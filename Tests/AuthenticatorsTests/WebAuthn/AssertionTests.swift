import Authenticators
import TestSupport
import Testing

@Suite("WebAuthn L3 §7.2: verifying an assertion")
struct AssertionTests {
    private static let party = RelyingParty(id: "id.example.com", origin: "https://id.example.com")
    private static let challenge = [UInt8](repeating: 42, count: 32)

    /// Verifies the assertion of `authenticator` against the credential that `known` registered.
    private static func assert(
        _ authenticator: SoftwareAuthenticator, known: Assertion.Record, type: String = "webauthn.get",
        signature: [UInt8]? = nil, requiresUserVerification: Bool = true
    ) throws -> Assertion {
        let client = authenticator.clientDataJSON(type, challenge)
        return try Assertion(
            clientDataJSON: client, authenticatorData: authenticator.data(isNew: false),
            signature: signature ?? authenticator.assertionSignature(of: client), challenge: challenge, by: known,
            for: party, requiresUserVerification: requiresUserVerification)
    }

    private static func record(
        of authenticator: SoftwareAuthenticator, signCount: Int = 0, isBackupEligible: Bool = false
    ) throws -> Assertion.Record {
        Assertion.Record(
            publicKey: try COSEKey(parsing: authenticator.publicKey.encoded()), signCount: signCount,
            isBackupEligible: isBackupEligible)
    }

    @Test("a valid assertion is accepted", arguments: COSEAlgorithm.allCases)
    func honest(_ algorithm: COSEAlgorithm) throws {
        var authenticator = try SoftwareAuthenticator(algorithm)
        authenticator.signCount = 8
        let assertion = try Self.assert(authenticator, known: try Self.record(of: authenticator, signCount: 7))
        #expect(assertion.authenticator.signCount == 8)
        #expect(assertion.authenticator.isUserVerified)
    }

    private static let lies: [RegistrationTests.Lie] = [
        .init("another origin", "7.2-12") { $0.origin = "https://evil.example" },
        .init("our host with another port", "7.2-12") { $0.origin = "https://id.example.com:8443" },
        .init("a cross-origin frame", "7.2-13") { $0.crossOrigin = true },
        .init("a page that embeds ours", "7.2-14") { $0.topOrigin = "https://id.example.com" },
        .init("another RP ID", "7.2-15") { $0.rpID = "example.com" },
        .init("user not present", "7.2-16") { $0.flags = 0b100 },
        .init("user not verified", "7.2-17") { $0.flags = 0b001 },
        .init("backed up but not eligible", "7.2-18") { $0.flags = 0b10101 },
        .init("eligible for backup only after registration", "7.2-19") { $0.flags = 0b1101 },
        .init("trailing bytes", "7.2-7") { $0.trailer = [0] },
    ]

    @Test("an invalid assertion is refused at the right step", arguments: lies)
    func dishonest(_ lie: RegistrationTests.Lie) throws {
        var authenticator = try SoftwareAuthenticator()
        let record = try Self.record(of: authenticator)
        lie.change(&authenticator)
        #expect(
            try #require(throws: WebAuthnRefusal.self) { try Self.assert(authenticator, known: record) }.step
                == lie.step)
    }

    @Test("WebAuthn-L3-037: unrequested extensions are ignored, but the signature covers them")
    func extensions() throws {
        var authenticator = try SoftwareAuthenticator()
        let record = try Self.record(of: authenticator)
        authenticator.flags |= 128
        authenticator.trailer = CBOR.map(["appid": .bool(true)]).encoded()
        #expect(throws: Never.self) { try Self.assert(authenticator, known: record) }
        let client = authenticator.clientDataJSON("webauthn.get", Self.challenge)
        let signature = try authenticator.assertionSignature(of: client)
        authenticator.trailer = CBOR.map(["appid": .bool(false)]).encoded()
        #expect(
            try #require(throws: WebAuthnRefusal.self) {
                try Self.assert(authenticator, known: record, signature: signature)
            }.step == "7.2-21")
    }

    @Test("a registration response is not accepted as an assertion")
    func otherType() throws {
        let authenticator = try SoftwareAuthenticator()
        let record = try Self.record(of: authenticator)
        let error = #expect(throws: WebAuthnRefusal.self) {
            try Self.assert(authenticator, known: record, type: "webauthn.create")
        }
        #expect(error?.step == "7.2-10")
    }

    @Test("a signature of another key, an empty one and a malformed one are refused", arguments: COSEAlgorithm.allCases)
    func signatures(_ algorithm: COSEAlgorithm) throws {
        let authenticator = try SoftwareAuthenticator(algorithm)
        let record = try Self.record(of: authenticator)
        let client = authenticator.clientDataJSON("webauthn.get", Self.challenge)
        let right = try authenticator.assertionSignature(of: client)
        let others = [
            [], [0], right + [0], Array(right.dropLast()),
            try SoftwareAuthenticator(algorithm).assertionSignature(of: client),
            [UInt8](repeating: 0, count: 64), [UInt8](repeating: 0, count: 256),
            // r and s as in JOSE, and a pair of zeros, which some implementations have accepted.
            [0x30, 6, 2, 1, 0, 2, 1, 0], try authenticator.sign(client),
        ]
        for signature in others {
            let error = #expect(throws: WebAuthnRefusal.self) {
                try Self.assert(authenticator, known: record, signature: signature)
            }
            #expect(error?.step == "7.2-21")
        }
    }

    @Test(
        "a nonzero signature counter must increase",
        arguments: [
            (0, 0, true), (0, 1, true), (7, 8, true), (7, 9_000, true), (7, 7, false), (7, 6, false), (7, 0, false),
            (4_294_967_295, 4_294_967_295, false), (4_294_967_294, 4_294_967_295, true),
        ])
    func counts(_ known: Int, _ sent: Int, _ isAccepted: Bool) throws {
        var authenticator = try SoftwareAuthenticator()
        authenticator.signCount = sent
        let record = try Self.record(of: authenticator, signCount: known)
        let step = refusalStep { _ = try Self.assert(authenticator, known: record) }
        #expect(step == (isAccepted ? nil : "7.2-22"))
    }

    private func refusalStep(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return (error as? WebAuthnRefusal)?.step ?? "\(error)" }
        return nil
    }
}
