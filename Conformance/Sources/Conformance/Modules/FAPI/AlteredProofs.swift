import Crypto

/// A change to a DPoP proof (RFC 9449 §4.2, §4.3).
struct AlteredProof: Sendable {
    typealias Change = @Sendable (inout DPoPProof) -> Void

    /// Completes the phrase "a proof …".
    let what: String
    /// The severity if the provider judges the proof wrongly.
    let level: Level
    let change: Change

    init(_ what: String, _ level: Level = .failure, _ change: @escaping Change) {
        self.what = what
        self.level = level
        self.change = change
    }

    static func withoutHeader(_ name: String) -> AlteredProof {
        AlteredProof("without \(name)") { $0.header[name] = nil }
    }
    static func withoutClaim(_ name: String) -> AlteredProof {
        AlteredProof("without \(name)") { $0.claims[name] = nil }
    }
}

/// Altered DPoP proofs, and unusual ones that are valid.
enum AlteredProofs {
    /// Invalid at any endpoint.
    static let invalid: [AlteredProof] =
        ["typ", "alg", "jwk"].map(AlteredProof.withoutHeader)
        + ["jti", "htm", "htu", "iat"].map(AlteredProof.withoutClaim)
        + wrongClaims + wrongKeys

    /// Invalid for an access token.
    static let invalidForToken: [AlteredProof] = [
        .withoutClaim("ath"),
        AlteredProof("for another token") { $0.claims["ath"] = .string(DPoPProof.hash("another token")) },
        AlteredProof("with an empty ath") { $0.claims["ath"] = "" },
        AlteredProof("by another key than the token's") { resign(&$0, .newP256()) },
    ]

    private static let wrongClaims: [AlteredProof] = [
        AlteredProof("with the typ JWT") { $0.header["typ"] = "JWT" },
        AlteredProof("of another method") { $0.claims["htm"] = "PUT" },
        AlteredProof("for another URL") { $0.claims["htu"] = "https://elsewhere.example/resource" },
        AlteredProof("for another path") { append("/more", to: &$0) },
        AlteredProof("from an hour ago") { shift(&$0, by: -3_600) },
        AlteredProof("from an hour ahead") { shift(&$0, by: 3_600) },
        AlteredProof("with a number as jti") { $0.claims["jti"] = 12_345 },
    ]

    private static let wrongKeys: [AlteredProof] = [
        AlteredProof("signed by another key than its jwk") { $0.key = .newP256() },
        AlteredProof("with a private key in jwk") { proof in
            guard case .p256(let key) = proof.key, var jwk = proof.header["jwk"]?.object else { return }
            jwk["d"] = .string(Base64URL.encode(key.rawRepresentation))
            proof.header["jwk"] = .object(jwk)
        },
        AlteredProof("with the alg none") { proof in
            proof.key = .none
            proof.header["alg"] = "none"
        },
        AlteredProof("signed with RS256") { proof in
            if let rsa { resign(&proof, rsa) }
        },
        AlteredProof("signed with a shared secret") { proof in
            proof.key = .secret("a secret that the provider cannot know")
            proof.header["alg"] = "HS256"
        },
    ]

    /// Made once, because it takes long.
    private static let rsa = try? SigningKey.newRSA()

    static let valid: [AlteredProof] = [
        AlteredProof("with a query in htu") { append("?a=b", to: &$0) },
        AlteredProof("with a fragment in htu") { append("#part", to: &$0) },
        AlteredProof("with more members") { proof in
            proof.claims["more"] = "value"
            proof.header["more"] = "value"
        },
        AlteredProof("with scheme and host of htu in upper case", .warning) { proof in
            let address = WebAddress(proof.claims["htu"]?.string ?? "")
            let path = String(address.text.dropFirst(address.origin.count))
            proof.claims["htu"] = .string(address.origin.uppercased() + path)
        },
    ]

    /// Calls that are invalid for another reason than the claims of their proof.
    static func otherwiseInvalid(_ call: ResourceCall) throws -> [(String, ResourceCall)] {
        guard let key = call.proofKey else { return [] }
        func proof() throws -> String { try DPoPProof("GET", call.address, by: key, token: call.token).signed() }
        func altered(_ change: (inout ResourceCall) throws -> Void) rethrows -> ResourceCall {
            var call = call
            try change(&call)
            return call
        }
        let signed = try proof()
        // Another letter in the middle of the signature.
        var letters = Array(signed)
        let middle = letters.count - 20
        letters[middle] = letters[middle] == "A" ? "B" : "A"
        return [
            ("two proofs", try altered { $0.proofs = [try proof(), try proof()] }),
            ("a proof that is not a JWT", altered { $0.proofs = ["nothing"] }),
            ("a proof with a broken signature", altered { $0.proofs = [String(letters)] }),
            ("a bound token without proof", altered { $0.proofs = [] }),
            (
                "a bound token as Bearer without proof",
                altered { call in
                    call.proofs = []
                    call.scheme = "Bearer"
                }
            ),
            ("a bound token as Bearer with a proof", altered { $0.scheme = "Bearer" }),
        ]
    }

    private static func append(_ text: String, to proof: inout DPoPProof) {
        proof.claims["htu"] = proof.claims["htu"]?.string.map { .string($0 + text) }
    }

    private static func shift(_ proof: inout DPoPProof, by seconds: Double) {
        proof.claims["iat"] = proof.claims["iat"]?.number.map { .number($0 + seconds) }
    }

    /// Lets another key sign, and names it.
    private static func resign(_ proof: inout DPoPProof, _ key: SigningKey) {
        proof.key = key
        proof.header["alg"] = .string(key.algorithm)
        proof.header["jwk"] = .object(key.publicJWK?.members ?? [:])
    }
}
