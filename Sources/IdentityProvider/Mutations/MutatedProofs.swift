import Crypto
import FoundationEssentials
import HTTPTypes
import JOSE

/// Faults in the checks of DPoP proofs and certificates at resources. A proof that the fault accepts is signed again with
/// a key to which the token then appears to be bound.
extension Mutation {
    private static let proofFaults: Set<Mutation> = [
        .proofMethodNotChecked, .proofURLNotChecked, .proofTokenNotChecked, .proofTimeNotChecked,
        .proofSignatureNotChecked, .proofKeyNotChecked, .proofNonceNotChecked,
    ]
    private static let proofKey = try? PrivateKey.generate(for: .es256)

    func changeProof(_ edit: inout RequestEdit, _ request: Request, _ tools: MutationTools) async throws {
        let fields = edit.headers[values: .dpop]
        guard Self.proofFaults.contains(self), fields.count == 1, let field = edit.headers[.authorization],
            let credential = TokenCredential(field: field), credential.scheme == .dpop,
            let jws = try? JWS(parsing: fields[0]), var claims = try? JSONObject(parsing: jws.payload),
            let bound = try? JWT.unverifiedClaims(of: credential.text)["cnf"]?.object?["jkt"]?.string,
            let key = Self.proofKey
        else { return }
        let sender = (jws.header["jwk"]?.object).flatMap { try? JWK($0) }
        if self != .proofSignatureNotChecked {
            let keys = JWKSet(keys: [sender].compactMap(\.self))
            guard (try? jws.verify(with: keys, allowing: Set(DPoPProof.algorithms))) != nil else { return }
        }
        if self != .proofKeyNotChecked { guard sender?.thumbprint == bound else { return } }
        let token = try await tools.resigned(credential.text, type: "at+jwt") {
            $0["cnf"] = ["jkt": .string(key.publicKey().thumbprint)]
        }
        if let hash = claims["ath"]?.string, hash == Self.hash(credential.text) {
            claims["ath"] = .string(Self.hash(token))
        }
        switch self {
        case .proofMethodNotChecked: claims["htm"] = .string(request.method.rawValue)
        case .proofURLNotChecked: claims["htu"] = .string(tools.issuer.url(Path(request.path)))
        case .proofTokenNotChecked: claims["ath"] = .string(Self.hash(token))
        case .proofTimeNotChecked: claims["iat"] = .integer(Int(Date().timeIntervalSince1970))
        case .proofNonceNotChecked: claims["nonce"] = .string(try tools.sealer.seal(Date(), for: .dpopNonce))
        default: break
        }
        let jwk = key.publicKey().object ?? [:]
        edit.headers[.dpop] = try await JWS.sign(
            claims.serialized(), type: jws.header["typ"]?.string, header: ["jwk": .object(jwk)], with: key.signer())
        edit.headers[.authorization] = "DPoP \(token)"
    }

    /// Removes the binding of a token that is presented in the wrong way.
    func changeBoundToken(_ edit: inout RequestEdit, _ tools: MutationTools) async throws {
        guard let field = edit.headers[.authorization], let credential = TokenCredential(field: field),
            credential.scheme == .bearer, let claims = try? JWT.unverifiedClaims(of: credential.text),
            let confirmation = claims["cnf"]?.object
        else { return }
        switch self {
        case .boundTokenAsBearer where confirmation["jkt"] != nil,
            .boundTokenWithOtherCertificate where confirmation["x5t#S256"] != nil:
            let token = try await tools.resigned(credential.text, type: "at+jwt") { $0["cnf"] = nil }
            edit.headers[.authorization] = "Bearer \(token)"
        default: break
        }
    }

    /// Replaces the certificate by the one that the client has registered.
    func changeCertificate(_ edit: inout RequestEdit, _ tools: MutationTools) async throws {
        guard self == .certificateOfAnyClient, !edit.certificates.isEmpty, let id = edit["client_id"],
            let client = try await tools.clients.find(Identifier(rawValue: id))
        else { return }
        let keys = client.metadata["jwks"]?.object?["keys"]?.array ?? []
        let chains = keys.compactMap { $0.object?["x5c"]?.array?.first?.string }
        guard let text = chains.first, let der = Data(base64Encoded: text) else { return }
        edit.certificates = [Array(der)]
    }

    private static func hash(_ text: String) -> String { Base64URL.encode(Array(SHA256.hash(data: Array(text.utf8)))) }
}
