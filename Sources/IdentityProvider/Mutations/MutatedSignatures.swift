import FoundationEssentials
import JOSE

/// Faults in the checks of what clients sign: request objects and assertions. What a fault accepts is signed again with a
/// key that every client then appears to have registered.
extension Mutation {
    private static let signingFaults: Set<Mutation> = [
        .assertionClaimsNotChecked, .assertionForEndpointAccepted, .objectAsAssertion, .objectSignatureNotChecked,
        .unsignedObjectAccepted, .forbiddenAlgorithmAccepted, .objectClaimsNotChecked, .parametersOutsideCount,
    ]

    var signsAgain: Bool { Self.signingFaults.contains(self) }

    func changeSigned(_ edit: inout RequestEdit, _ tools: MutationTools) async throws {
        guard signsAgain else { return }
        if let object = edit["request"], let claims = try await objectClaims(object, edit, tools) {
            edit["request"] = try await Self.sign(claims, type: "oauth-authz-req+jwt")
        }
        if let assertion = edit["client_assertion"], let claims = try await assertionClaims(assertion, edit, tools) {
            edit["client_assertion"] = try await Self.sign(claims, type: "JWT")
        }
    }

    private static func sign(_ claims: JSONObject, type: String) async throws -> String {
        guard let signer = assertionKey?.signer(keyID: "mutation") else { return "" }
        return try await JWT.sign(claims, type: type, with: signer)
    }

    /// Returns the claims that the fault accepts, or `nil` for an object that it doesn't concern.
    private func objectClaims(
        _ text: String, _ edit: RequestEdit, _ tools: MutationTools
    ) async throws -> JSONObject? {
        guard let jws = try? JWS(parsing: text), var claims = try? JWT.unverifiedClaims(of: text) else { return nil }
        let algorithm = jws.header["alg"]?.string
        switch self {
        case .objectSignatureNotChecked: return algorithm == "PS256" || algorithm == "ES256" ? claims : nil
        case .unsignedObjectAccepted: return algorithm == "none" ? claims : nil
        case .forbiddenAlgorithmAccepted: return algorithm == "RS256" ? claims : nil
        case .objectClaimsNotChecked:
            guard try await signer(of: jws, tools) != nil else { return nil }
            let now = Int(Date().timeIntervalSince1970)
            claims["aud"] = .string(tools.issuer.identifier)
            claims["nbf"] = .integer(now)
            claims["exp"] = .integer(now + 300)
            return claims
        case .parametersOutsideCount:
            guard try await signer(of: jws, tools) != nil else { return nil }
            for name in ["scope", "state"] { claims[name] = edit[name].map(JSON.string) ?? claims[name] }
            return claims
        default: return nil
        }
    }

    private func assertionClaims(
        _ text: String, _ edit: RequestEdit, _ tools: MutationTools
    ) async throws -> JSONObject? {
        guard let jws = try? JWS(parsing: text), var claims = try? JWT.unverifiedClaims(of: text) else { return nil }
        switch self {
        case .forbiddenAlgorithmAccepted: return jws.header["alg"]?.string == "RS256" ? claims : nil
        case .objectAsAssertion: return jws.header["typ"]?.string == "oauth-authz-req+jwt" ? claims : nil
        case .assertionForEndpointAccepted:
            guard try await signer(of: jws, tools) != nil else { return nil }
            let named = claims["aud"]?.array?.compactMap(\.string) ?? [claims["aud"]?.string].compactMap(\.self)
            guard named.contains(where: { $0.hasPrefix(tools.issuer.identifier) }) else { return nil }
            claims["aud"] = .string(tools.issuer.identifier)
            return claims
        case .assertionClaimsNotChecked:
            guard let client = try await signer(of: jws, tools) else { return nil }
            let id = JSON.string(client.id.rawValue)
            return [
                "iss": id, "sub": id, "aud": .string(tools.issuer.identifier),
                "jti": .string(Base64URL.encode(RandomBytes.make(16))),
                "exp": .integer(Int(Date().timeIntervalSince1970) + 60),
            ]
        default: return nil
        }
    }

    /// Returns the client whose key made the signature. Several clients may share a key, so `iss` decides among them.
    private func signer(of jws: JWS, _ tools: MutationTools) async throws -> Client? {
        let claims = try? JSONObject(parsing: jws.payload)
        let signers = try await tools.clients.all().filter { client in
            guard let keys = client.keys else { return false }
            return (try? jws.verify(with: keys, allowing: Set(SignatureAlgorithm.asymmetric))) != nil
        }
        return signers.first { $0.id.rawValue == claims?["iss"]?.string } ?? signers.first
    }
}
