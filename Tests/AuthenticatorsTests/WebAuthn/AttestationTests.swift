import Authenticators
import Crypto
import TestSupport
import Testing

@Suite("WebAuthn L3 §8: attestation")
struct AttestationTests {
    private static let party = RelyingParty(id: "id.example.com", origin: "https://id.example.com")
    private static let challenge = [UInt8](repeating: 42, count: 32)

    private static func register(
        _ authenticator: SoftwareAuthenticator, _ format: String,
        _ statement: (_ clientDataJSON: [UInt8]) throws -> [CBOR: CBOR]
    ) throws -> AttestationType {
        let client = authenticator.clientDataJSON("webauthn.create", challenge)
        return try Registration(
            clientDataJSON: client, attestationObject: authenticator.attestationObject(format, try statement(client)),
            challenge: challenge, for: party, requiresUserVerification: false
        ).attestation
    }

    private static func step(_ body: () throws -> AttestationType) -> String? {
        do { _ = try body() } catch { return (error as? WebAuthnRefusal)?.step ?? "\(error)" }
        return nil
    }

    @Test("§8.7: the format none attests nothing")
    func none() throws {
        let authenticator = try SoftwareAuthenticator()
        #expect(try Self.register(authenticator, "none") { _ in [:] } == .none)
        #expect(Self.step { try Self.register(authenticator, "none") { _ in ["sig": .bytes([1])] } } == "8.7")
    }

    @Test("§8.2: self attestation", arguments: COSEAlgorithm.allCases)
    func own(_ algorithm: COSEAlgorithm) throws {
        let authenticator = try SoftwareAuthenticator(algorithm)
        #expect(try Self.register(authenticator, "packed", authenticator.selfAttestation) == .own)
    }

    @Test("§8.2: a malformed attestation statement is refused")
    func packedRefused() throws {
        let authenticator = try SoftwareAuthenticator()
        let other = try SoftwareAuthenticator()
        let changes: [(inout [CBOR: CBOR], [UInt8]) throws -> Void] = [
            { statement, _ in statement["alg"] = -8 }, { statement, _ in statement["alg"] = -35 },
            { statement, _ in statement["alg"] = nil }, { statement, _ in statement["sig"] = nil },
            { statement, _ in statement["sig"] = "text" }, { statement, _ in statement["ecdaaKeyId"] = .bytes([]) },
            { statement, client in statement = try other.selfAttestation(of: client) },
            { statement, _ in statement["x5c"] = .array([]) }, { statement, _ in statement["x5c"] = .bytes([]) },
            { statement, _ in statement["x5c"] = .array(["text"]) },
            { statement, _ in statement["x5c"] = .array(Array(repeating: .bytes([]), count: 9)) },
        ]
        for change in changes {
            let step = Self.step {
                try Self.register(authenticator, "packed") { client in
                    var statement = try authenticator.selfAttestation(of: client)
                    try change(&statement, client)
                    return statement
                }
            }
            #expect(step == "8.2")
        }
    }

    @Test("§8.2.1: an attestation certificate, with or without the AAGUID", arguments: [true, false])
    func certificate(_ hasModel: Bool) throws {
        let authenticator = try SoftwareAuthenticator()
        var certificate = TestAttestationCertificate()
        certificate.aaguid = hasModel ? authenticator.aaguid : nil
        let type = try Self.register(authenticator, "packed") { client in
            try certificate.packed(for: authenticator, client)
        }
        #expect(type == .certificate)
    }

    @Test("§8.2.1: a certificate for another purpose is refused", arguments: TestAttestationCertificate.unfit)
    func unfit(_ example: (name: String, certificate: TestAttestationCertificate)) throws {
        let authenticator = try SoftwareAuthenticator()
        let step = Self.step {
            try Self.register(authenticator, "packed") { try example.certificate.packed(for: authenticator, $0) }
        }
        #expect(step == "8.2.1", "\(example.name)")
    }

    @Test("§8.2.1: a truncated certificate is refused at every length")
    func truncated() throws {
        let authenticator = try SoftwareAuthenticator()
        let der = TestAttestationCertificate().der
        for size in 0..<der.count {
            let step = Self.step {
                try Self.register(authenticator, "packed") { client in
                    var statement = try TestAttestationCertificate().packed(for: authenticator, client)
                    statement["x5c"] = .array([.bytes(Array(der.prefix(size)))])
                    return statement
                }
            }
            #expect(step == "8.2.1")
        }
    }

    @Test("§8.2: a signature that the certificate's key did not make is refused")
    func foreignSignature() throws {
        let authenticator = try SoftwareAuthenticator()
        let step = Self.step {
            try Self.register(authenticator, "packed") { client in
                var statement = try TestAttestationCertificate().packed(for: authenticator, client)
                statement["sig"] = try authenticator.selfAttestation(of: client)["sig"]
                return statement
            }
        }
        #expect(step == "8.2")
    }

    @Test("§8.6: fido-u2f doesn't sign the AAGUID, so it is not trusted")
    func unsignedModel() throws {
        let authenticator = try SoftwareAuthenticator()
        let client = authenticator.clientDataJSON("webauthn.create", Self.challenge)
        let statement = try TestAttestationCertificate().u2f(for: authenticator, client)
        let registration = try Registration(
            clientDataJSON: client, attestationObject: authenticator.attestationObject("fido-u2f", statement),
            challenge: Self.challenge, for: Self.party, requiresUserVerification: false)
        #expect(registration.attestation == .certificate)
        #expect(registration.aaguid == [UInt8](repeating: 0, count: 16))
    }

    @Test("§8.6: fido-u2f has its own signed message, and requires P-256 and exactly one certificate")
    func fidoU2F() throws {
        let authenticator = try SoftwareAuthenticator()
        let certificate = TestAttestationCertificate()
        #expect(
            try Self.register(authenticator, "fido-u2f") { try certificate.u2f(for: authenticator, $0) }
                == .certificate)
        let changes: [(inout [CBOR: CBOR]) -> Void] = [
            { $0["sig"] = .bytes([]) }, { $0["alg"] = -7 }, { $0["x5c"] = nil },
            { $0["x5c"] = .array([.bytes(certificate.der), .bytes(certificate.der)]) },
            { $0["x5c"] = .array([.bytes(TestAttestationCertificate().der)]) },
        ]
        for change in changes {
            let step = Self.step {
                try Self.register(authenticator, "fido-u2f") { client in
                    var statement = try certificate.u2f(for: authenticator, client)
                    change(&statement)
                    return statement
                }
            }
            #expect(step == "8.6")
        }
        let edwards = try SoftwareAuthenticator(.edDSA)
        #expect(
            Self.step { try Self.register(edwards, "fido-u2f") { try certificate.u2f(for: edwards, $0) } } == "8.6")
    }
}
