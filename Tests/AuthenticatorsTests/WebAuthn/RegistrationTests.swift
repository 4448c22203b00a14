import Authenticators
import TestSupport
import Testing

@Suite("WebAuthn L3 §7.1: registering a credential")
struct RegistrationTests {
    private static let party = RelyingParty(id: "id.example.com", origin: "https://id.example.com")
    private static let challenge = [UInt8](repeating: 42, count: 32)

    /// Registers the response of `authenticator`, after `change` modified the browser's part.
    private static func register(
        _ authenticator: SoftwareAuthenticator, type: String = "webauthn.create",
        clientDataJSON: [UInt8]? = nil, object: [UInt8]? = nil, requiresUserVerification: Bool = true
    ) throws(WebAuthnRefusal) -> Registration {
        try Registration(
            clientDataJSON: clientDataJSON ?? authenticator.clientDataJSON(type, challenge),
            attestationObject: object ?? authenticator.attestationObject(), challenge: challenge, for: party,
            requiresUserVerification: requiresUserVerification)
    }

    @Test(
        "a valid registration returns the credential", arguments: COSEAlgorithm.allCases,
        [UInt8(0b101), 0b1101, 0b11101])
    func honest(_ algorithm: COSEAlgorithm, _ flags: UInt8) throws {
        var authenticator = try SoftwareAuthenticator(algorithm)
        authenticator.flags = flags
        authenticator.signCount = 70_000
        authenticator.crossOrigin = false
        let registration = try Self.register(authenticator)
        #expect(registration.credentialID == authenticator.credentialID)
        #expect(registration.publicKey.encoded == authenticator.publicKey.encoded())
        #expect(registration.publicKey.algorithm == algorithm)
        #expect(registration.aaguid == authenticator.aaguid)
        #expect(registration.attestation == .none)
        #expect(registration.authenticator.signCount == 70_000)
        #expect(registration.authenticator.isUserVerified)
        #expect(registration.authenticator.isBackupEligible == (flags & 8 != 0))
        #expect(registration.authenticator.isBackedUp == (flags & 16 != 0))
    }

    @Test("unrequested extensions are ignored, and a byte order mark is dropped")
    func tolerated() throws {
        var authenticator = try SoftwareAuthenticator()
        authenticator.flags |= 128
        authenticator.trailer = CBOR.map(["credProtect": 2]).encoded()
        let client = [0xEF, 0xBB, 0xBF] + authenticator.clientDataJSON("webauthn.create", Self.challenge)
        #expect(throws: Never.self) { try Self.register(authenticator, clientDataJSON: client) }
    }

    /// One invalid change, and the step that detects it.
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let step: String
        let change: @Sendable (inout SoftwareAuthenticator) -> Void

        init(_ description: String, _ step: String, _ change: @escaping @Sendable (inout SoftwareAuthenticator) -> Void)
        {
            testDescription = description
            self.step = step
            self.change = change
        }
    }

    private static let lies: [Lie] = [
        Lie("another origin", "7.1-9") { $0.origin = "https://evil.example" },
        Lie("our host with another scheme", "7.1-9") { $0.origin = "http://id.example.com" },
        Lie("our host with another port", "7.1-9") { $0.origin = "https://id.example.com:8443" },
        Lie("a subdomain of our host", "7.1-9") { $0.origin = "https://a.id.example.com" },
        Lie("our origin with a slash", "7.1-9") { $0.origin = "https://id.example.com/" },
        Lie("our origin in uppercase", "7.1-9") { $0.origin = "HTTPS://ID.EXAMPLE.COM" },
        Lie("an invisible character in our host", "7.1-9") { $0.origin = "https://id.example.com\u{200B}" },
        Lie("a cross-origin frame", "7.1-10") { $0.crossOrigin = true },
        Lie("a page that embeds ours", "7.1-11") { $0.topOrigin = "https://id.example.com" },
        Lie("another RP ID", "7.1-14") { $0.rpID = "example.com" },
        Lie("user not present", "7.1-15") { $0.flags = 0b100 },
        Lie("user not verified", "7.1-16") { $0.flags = 0b001 },
        Lie("backed up but not eligible", "7.1-17") { $0.flags = 0b10101 },
        Lie("trailing bytes", "7.1-13") { $0.trailer = [0] },
        Lie("missing extensions", "7.1-13") { $0.flags |= 128 },
        Lie("extensions that are not a map", "7.1-13") {
            $0.flags |= 128
            $0.trailer = [0x80]
        },
        Lie("an empty credential ID", "7.1-13") { $0.credentialID = [] },
        Lie("a credential ID of 1,024 bytes", "7.1-25") { $0.credentialID = [UInt8](repeating: 1, count: 1_024) },
    ]

    @Test("an invalid registration is refused at the right step", arguments: lies)
    func dishonest(_ lie: Lie) throws {
        var authenticator = try SoftwareAuthenticator()
        lie.change(&authenticator)
        #expect(refusal { () throws(WebAuthnRefusal) in _ = try Self.register(authenticator) }?.step == lie.step)
    }

    @Test("a credential ID may have 1,023 bytes, and user verification may be absent if it is not required")
    func bounds() throws {
        var authenticator = try SoftwareAuthenticator()
        authenticator.credentialID = [UInt8](repeating: 1, count: 1_023)
        authenticator.flags = 0b001
        #expect(throws: Never.self) { try Self.register(authenticator, requiresUserVerification: false) }
    }

    @Test(
        "client data that is malformed or for another ceremony is refused",
        arguments: [
            ("", "7.1-6"), ("[]", "7.1-6"), ("{", "7.1-6"), ("{}", "7.1-6"), ("\u{1}", "7.1-6"),
            (#"{"type":"webauthn.create","type":"webauthn.create","challenge":"Kg","origin":"o"}"#, "7.1-6"),
            (#"{"type":"webauthn.create","challenge":"Kg==","origin":"https://id.example.com"}"#, "7.1-6"),
            (#"{"type":"webauthn.create","challenge":7,"origin":"https://id.example.com"}"#, "7.1-6"),
            (
                #"{"type":"webauthn.create","challenge":"Kg","origin":"https://id.example.com","crossOrigin":"no"}"#,
                "7.1-6"
            ),
            (#"{"type":"webauthn.get","challenge":"Kg","origin":"https://id.example.com"}"#, "7.1-7"),
            (#"{"type":"payment.create","challenge":"Kg","origin":"https://id.example.com"}"#, "7.1-7"),
            (#"{"type":"webauthn.create","challenge":"Kg","origin":"https://id.example.com"}"#, "7.1-8"),
            (#"{"type":"webauthn.create","challenge":"","origin":"https://id.example.com"}"#, "7.1-8"),
        ])
    func clientData(_ json: String, _ step: String) throws {
        let authenticator = try SoftwareAuthenticator()
        let error = refusal { () throws(WebAuthnRefusal) in
            _ = try Self.register(authenticator, clientDataJSON: Array(json.utf8))
        }
        #expect(error?.step == step)
    }

    @Test(
        "a malformed attestation object is refused",
        arguments: [
            (.null, "7.1-13"), (.map([:]), "7.1-13"), (.array([]), "7.1-13"),
            (.map(["fmt": "none", "attStmt": .map([:])]), "7.1-13"),
            (.map(["fmt": "none", "attStmt": .map([:]), "authData": .bytes([])]), "7.1-13"),
            (.map(["fmt": "none", "attStmt": .map([:]), "authData": "text"]), "7.1-13"),
            (.map(["fmt": 1, "attStmt": .map([:]), "authData": .bytes([])]), "7.1-13"),
        ] as [(CBOR, String)])
    func objects(_ object: CBOR, _ step: String) throws {
        let authenticator = try SoftwareAuthenticator()
        let error = refusal { () throws(WebAuthnRefusal) in
            _ = try Self.register(authenticator, object: object.encoded())
        }
        #expect(error?.step == step)
    }

    @Test("an assertion response, which has no credential, registers nothing")
    func withoutCredential() throws {
        let authenticator = try SoftwareAuthenticator()
        let object = CBOR.map([
            "fmt": "none", "attStmt": .map([:]), "authData": .bytes(authenticator.data(isNew: false)),
        ])
        let error = refusal { () throws(WebAuthnRefusal) in
            _ = try Self.register(authenticator, object: object.encoded())
        }
        #expect(error?.step == "7.1-13")
    }

    @Test("a truncated attestation object is refused at every length")
    func truncated() throws {
        let authenticator = try SoftwareAuthenticator()
        let object = authenticator.attestationObject()
        for size in 0..<object.count {
            #expect(throws: WebAuthnRefusal.self) {
                try Self.register(authenticator, object: Array(object.prefix(size)))
            }
        }
    }

    @Test(
        "format names are compared exactly, and unknown formats are refused",
        arguments: ["None", "none ", "", "tpm", "android-safetynet", "compound"])
    func formats(_ format: String) throws {
        let authenticator = try SoftwareAuthenticator()
        let error = refusal { () throws(WebAuthnRefusal) in
            _ = try Self.register(authenticator, object: authenticator.attestationObject(format))
        }
        #expect(error?.step == "7.1-21")
    }
}

@Suite("WebAuthn L3 §5.8.5: credential public keys")
struct COSEKeyTests {
    private static let point = bytes("afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61")
    private static let ordinate = bytes("930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220")
    private static let ec2: [CBOR: CBOR] = [1: 2, 3: -7, -1: 1, -2: .bytes(point), -3: .bytes(ordinate)]
    private static let okp: [CBOR: CBOR] = [1: 1, 3: -8, -1: 6, -2: .bytes([UInt8](repeating: 2, count: 32))]
    private static let rsa: [CBOR: CBOR] = [
        1: 3, 3: -257, -1: .bytes([UInt8](repeating: 0xC5, count: 256)), -2: .bytes([1, 0, 1]),
    ]

    @Test("the three supported key types are read", arguments: [ec2, rsa])
    func good(_ key: [CBOR: CBOR]) throws {
        #expect(throws: Never.self) { try COSEKey(parsing: CBOR.map(key).encoded()) }
    }

    @Test(
        "a key that doesn't match its algorithm is refused",
        arguments: [
            ec2.merging([1: 1]) { $1 }, ec2.merging([3: -8]) { $1 }, ec2.merging([3: -35]) { $1 },
            ec2.merging([3: -9]) { $1 }, ec2.merging([-1: 2]) { $1 }, ec2.merging([-3: .bool(true)]) { $1 },
            ec2.merging([-2: .bytes(ordinate)]) { $1 }, ec2.merging([-2: .bytes([])]) { $1 },
            ec2.merging([-2: .bytes([0] + point)]) { $1 }, ec2.merging([4: .array([2])]) { $1 },
            ec2.filter { $0.key != 3 }, ec2.filter { $0.key != -3 },
            // The point at infinity has no coordinates, and zeros are not on the curve.
            ec2.merging([-2: .bytes(Array(repeating: 0, count: 32)), -3: .bytes(Array(repeating: 0, count: 32))]) {
                $1
            },
            okp.merging([-1: 7]) { $1 }, okp.merging([-2: .bytes([])]) { $1 },
            // A small-order point, under which one signature is valid for many messages.
            okp.merging([-2: .bytes([1] + [UInt8](repeating: 0, count: 31))]) { $1 },
            rsa.merging([-1: .bytes([UInt8](repeating: 0xC5, count: 128))]) { $1 },
            rsa.merging([-1: .bytes([0] + [UInt8](repeating: 0xC5, count: 256))]) { $1 },
            rsa.merging([-1: .bytes([UInt8](repeating: 0xC5, count: 1_100))]) { $1 },
            rsa.merging([-2: .bytes([1])]) { $1 }, rsa.merging([-2: .bytes([2])]) { $1 },
            rsa.merging([-2: .bytes([])]) { $1 }, rsa.merging([3: -65_535]) { $1 }, [:],
        ] as [[CBOR: CBOR]])
    func bad(_ key: [CBOR: CBOR]) {
        #expect(throws: COSEKeyError.self) { try COSEKey(parsing: CBOR.map(key).encoded()) }
    }
}
