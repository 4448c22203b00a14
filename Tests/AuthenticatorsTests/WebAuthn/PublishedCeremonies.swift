import Authenticators
import FoundationEssentials
import JOSE
import Testing

/// A published registration and authentication (WebAuthn L3 §16).
struct PublishedCeremony: Sendable, CustomTestStringConvertible {
    let name: String
    let format: String
    let algorithm: Int
    private let registration: JSONObject
    private let authentication: JSONObject

    var testDescription: String { name }

    static let party = RelyingParty(id: "example.org", origin: "https://example.org")

    static let all: [PublishedCeremony] = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        guard let data = try? Data(contentsOf: tests.appending(path: "Vectors/webauthn.json")) else { return [] }
        return (try? JSON(parsing: Array(data)))?.array?.compactMap(\.object).map(PublishedCeremony.init) ?? []
    }()

    static func named(_ name: String) throws -> PublishedCeremony {
        guard let found = all.first(where: { $0.name == name }) else { throw CancellationError() }
        return found
    }

    init(_ object: JSONObject) {
        name = object["name"]?.string ?? ""
        format = object["format"]?.string ?? ""
        algorithm = object["algorithm"]?.integer ?? 0
        registration = object["registration"]?.object ?? [:]
        authentication = object["authentication"]?.object ?? [:]
    }

    var credentialID: [UInt8] { bytes(registration["credential_id"]?.string ?? "") }
    var aaguid: [UInt8] { bytes(registration["aaguid"]?.string ?? "") }

    /// The inputs, each of which a test can replace.
    struct Sent {
        var clientDataJSON, attestationObject, authenticatorData, signature, challenge: [UInt8]
    }

    var registered: Sent { Sent(registration) }
    var asserted: Sent { Sent(authentication) }
}

extension PublishedCeremony.Sent {
    fileprivate init(_ object: JSONObject) {
        func read(_ name: String) -> [UInt8] { bytes(object[name]?.string ?? "") }
        self.init(
            clientDataJSON: read("clientDataJSON"), attestationObject: read("attestationObject"),
            authenticatorData: read("authenticatorData"), signature: read("signature"), challenge: read("challenge"))
    }

    func register(_ party: RelyingParty = PublishedCeremony.party) throws(WebAuthnRefusal) -> Registration {
        try Registration(
            clientDataJSON: clientDataJSON, attestationObject: attestationObject, challenge: challenge, for: party,
            requiresUserVerification: false)
    }

    func assert(by registration: Registration) throws(WebAuthnRefusal) -> Assertion {
        try Assertion(
            clientDataJSON: clientDataJSON, authenticatorData: authenticatorData, signature: signature,
            challenge: challenge, by: registration.record, for: PublishedCeremony.party,
            requiresUserVerification: false)
    }
}

extension Registration {
    /// The credential as a store would return it.
    var record: Assertion.Record {
        Assertion.Record(
            publicKey: publicKey, signCount: authenticator.signCount,
            isBackupEligible: authenticator.isBackupEligible)
    }
}
