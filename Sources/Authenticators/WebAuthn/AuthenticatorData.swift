/// The authenticator's data about itself and the user (WebAuthn L3 §6.1).
package struct AuthenticatorData: Sendable {
    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// UP: someone touched the authenticator.
        static let userPresent = Flags(rawValue: 1 << 0)
        /// UV: the authenticator verified the user, by PIN, fingerprint or face.
        static let userVerified = Flags(rawValue: 1 << 2)
        /// BE: the key may be backed up to other devices. Fixed at registration.
        static let backupEligible = Flags(rawValue: 1 << 3)
        /// BS: the key is currently backed up.
        static let backedUp = Flags(rawValue: 1 << 4)
        /// AT: attested credential data follows.
        static let attestedCredentialData = Flags(rawValue: 1 << 6)
        /// ED: extension data follows.
        static let extensions = Flags(rawValue: 1 << 7)
    }

    let bytes: [UInt8]
    let rpIDHash: [UInt8]
    package let flags: Flags
    /// The signature counter; 0 if the authenticator does not have one.
    package let signCount: Int
    let attestedCredential: AttestedCredential?

    package var isUserVerified: Bool { flags.contains(.userVerified) }
    package var isBackupEligible: Bool { flags.contains(.backupEligible) }
    package var isBackedUp: Bool { flags.contains(.backedUp) }

    /// The numbers of the ceremony's steps in §7.1 or §7.2.
    struct Steps {
        let relyingParty, presence, verification, backup: String
    }

    /// Performs the checks that registration and assertion share. Throws at the first step that fails.
    func check(
        for party: RelyingParty, requiresUserVerification: Bool, steps: Steps
    ) throws(WebAuthnRefusal) {
        guard rpIDHash == party.idHash else {
            throw WebAuthnRefusal(steps.relyingParty, "is for another relying party")
        }
        guard flags.contains(.userPresent) else { throw WebAuthnRefusal(steps.presence, "the user was not present") }
        guard !requiresUserVerification || isUserVerified else {
            throw WebAuthnRefusal(steps.verification, "the user was not verified")
        }
        guard isBackupEligible || !isBackedUp else {
            throw WebAuthnRefusal(steps.backup, "is backed up but not eligible for backup")
        }
    }

    /// Parses authenticator data. Throws with `step` unless every byte is accounted for.
    init(parsing bytes: [UInt8], step: String) throws(WebAuthnRefusal) {
        guard (37...CBORReader.maximumSize).contains(bytes.count) else {
            throw WebAuthnRefusal(
                step, "authenticator data has \(bytes.count) bytes, expected 37 to \(CBORReader.maximumSize)")
        }
        self.bytes = bytes
        rpIDHash = Array(bytes[..<32])
        flags = Flags(rawValue: bytes[32])
        signCount = bytes[33..<37].reduce(0) { $0 << 8 | Int($1) }
        var offset = 37
        attestedCredential =
            flags.contains(.attestedCredentialData)
            ? try AttestedCredential(parsing: bytes, from: &offset, step: step) : nil
        if flags.contains(.extensions) { try Self.skipExtensions(bytes, from: &offset, step: step) }
        guard offset == bytes.count else { throw WebAuthnRefusal(step, "authenticator data has trailing bytes") }
    }

    /// Skips extension outputs. None are requested, and unsolicited ones are ignored (§7.1
    /// step 28) if they are well-formed.
    private static func skipExtensions(
        _ bytes: [UInt8], from offset: inout Int, step: String
    ) throws(WebAuthnRefusal) {
        do throws(CBORError) {
            var reader = try CBORReader(bytes, from: offset)
            guard case .map = try reader.read() else { throw CBORError(reason: "is not a map", offset: offset) }
            offset = reader.offset
        } catch {
            throw WebAuthnRefusal(step, "extension data \(error.reason)")
        }
    }
}

/// The new credential in authenticator data (WebAuthn L3 §6.5.1).
struct AttestedCredential: Sendable {
    /// The model of the authenticator, 16 bytes.
    let aaguid: [UInt8]
    let id: [UInt8]
    let publicKey: COSEKey

    init(parsing bytes: [UInt8], from offset: inout Int, step: String) throws(WebAuthnRefusal) {
        guard bytes.count >= offset + 18 else { throw WebAuthnRefusal(step, "credential data ends early") }
        aaguid = Array(bytes[offset..<offset + 16])
        let size = Int(bytes[offset + 16]) << 8 | Int(bytes[offset + 17])
        offset += 18
        guard size > 0, bytes.count >= offset + size else { throw WebAuthnRefusal(step, "credential id ends early") }
        id = Array(bytes[offset..<offset + size])
        offset += size
        do {
            var reader = try CBORReader(bytes, from: offset)
            let key = try reader.read()
            publicKey = try COSEKey(key, encoded: Array(bytes[offset..<reader.offset]))
            offset = reader.offset
        } catch let error as CBORError {
            throw WebAuthnRefusal(step, "public key \(error.reason)")
        } catch let error as COSEKeyError {
            throw WebAuthnRefusal(error.isUnknownAlgorithm ? "7.1-20" : step, "public key \(error.reason)")
        } catch {
            throw WebAuthnRefusal(step, "public key")
        }
    }
}
