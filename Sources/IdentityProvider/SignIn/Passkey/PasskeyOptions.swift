import Authenticators
import FoundationEssentials
import JOSE

/// The JSON that the page's script passes to the browser (WebAuthn L3 §5.1.8, §5.1.9).
enum PasskeyOptions {
    /// `PublicKeyCredentialCreationOptionsJSON`.
    static func creation(
        _ ceremony: PasskeyCeremony, for user: User, handle: [UInt8], at party: RelyingParty, named name: String,
        excluding known: [Passkey], timeout: TimeInterval
    ) -> JSONObject {
        [
            "rp": ["id": .string(party.id), "name": .string(name)],
            "user": [
                "id": .string(Base64URL.encode(handle)), "name": .string(user.username),
                "displayName": .string(user.displayName),
            ],
            "challenge": .string(Base64URL.encode(ceremony.challenge)),
            "pubKeyCredParams": .array(
                COSEAlgorithm.allCases.map { ["type": "public-key", "alg": .integer($0.rawValue)] }),
            "timeout": .integer(Int(timeout * 1_000)),
            "excludeCredentials": .array(known.map(descriptor)),
            // Preferred, not required: a security key with no free slot or no PIN still works as a second factor.
            "authenticatorSelection": ["residentKey": "preferred", "userVerification": "preferred"],
            "attestation": "none",
        ]
    }

    /// `PublicKeyCredentialRequestOptionsJSON`. For an unidentified visitor `allowed` is empty, because a list would
    /// reveal who has passkeys (§14.6.2).
    static func request(
        _ ceremony: PasskeyCeremony, at party: RelyingParty, allowing allowed: [Passkey], timeout: TimeInterval
    ) -> JSONObject {
        [
            "challenge": .string(Base64URL.encode(ceremony.challenge)),
            "timeout": .integer(Int(timeout * 1_000)),
            "rpId": .string(party.id),
            "allowCredentials": .array(allowed.map(descriptor)),
            "userVerification": ceremony.purpose == .signIn ? "required" : "preferred",
        ]
    }

    private static func descriptor(_ passkey: Passkey) -> JSON {
        [
            "type": "public-key", "id": .string(Base64URL.encode(passkey.credentialID)),
            "transports": .array(passkey.transports.map(JSON.string)),
        ]
    }
}
