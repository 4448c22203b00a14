import Authenticators
import Testing

@Suite("WebAuthn L3 §16: published test vectors")
struct PublishedCeremonyTests {
    private static let supported = PublishedCeremony.all.filter {
        ["none", "packed", "fido-u2f"].contains($0.format) && [-7, -8, -257].contains($0.algorithm)
            && !$0.name.hasSuffix("Origin")
    }

    @Test("all vectors are found")
    func read() {
        #expect(PublishedCeremony.all.count == 15)
        #expect(
            Self.supported.map(\.name) == [
                "none-es256", "packed-self-es256", "none-es256-long-credential-id", "packed-es256", "packed-rs256",
                "packed-eddsa", "fido-u2f-es256",
            ])
    }

    @Test("a supported vector registers, and its credential signs in", arguments: supported)
    func accepted(_ ceremony: PublishedCeremony) throws {
        let registration = try ceremony.registered.register()
        #expect(registration.credentialID == ceremony.credentialID)
        // U2F doesn't sign the AAGUID (§8.6).
        let model = ceremony.format == "fido-u2f" ? [UInt8](repeating: 0, count: 16) : ceremony.aaguid
        #expect(registration.aaguid == model)
        #expect(registration.publicKey.algorithm.rawValue == ceremony.algorithm)
        #expect(try COSEKey(parsing: registration.publicKey.encoded) == registration.publicKey)
        let attestation: AttestationType =
            switch ceremony.name {
            case "packed-self-es256": .own
            case _ where ceremony.format == "none": .none
            default: .certificate
            }
        #expect(registration.attestation == attestation)
        let assertion = try ceremony.asserted.assert(by: registration)
        #expect(assertion.authenticator.isBackupEligible == registration.authenticator.isBackupEligible)
    }

    @Test(
        "an unsupported vector is refused at the step that detects it",
        arguments: [
            ("packed-es384", "7.1-20"), ("packed-es512", "7.1-20"), ("packed-ed448", "7.1-20"),
            ("tpm-es256", "7.1-21"), ("android-key-es256", "7.1-21"), ("apple-es256", "7.1-21"),
        ])
    func unsupported(_ name: String, _ step: String) throws {
        let sent = try PublishedCeremony.named(name).registered
        #expect(refusal { () throws(WebAuthnRefusal) in _ = try sent.register() }?.step == step)
    }

    @Test("a ceremony inside a frame is refused", arguments: ["none-es256-crossOrigin", "none-es256-topOrigin"])
    func framed(_ name: String) throws {
        let ceremony = try PublishedCeremony.named(name)
        #expect(refusal { () throws(WebAuthnRefusal) in _ = try ceremony.registered.register() }?.step == "7.1-10")
        let other = try PublishedCeremony.named("none-es256").registered.register()
        #expect(refusal { () throws(WebAuthnRefusal) in _ = try ceremony.asserted.assert(by: other) }?.step == "7.2-13")
    }
}

/// Returns the refusal that `body` throws, or `nil`.
func refusal(_ body: () throws(WebAuthnRefusal) -> Void) -> WebAuthnRefusal? {
    do {
        try body()
        return nil
    } catch { return error }
}
