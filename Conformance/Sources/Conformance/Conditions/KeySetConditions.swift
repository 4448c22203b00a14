/// Conditions on the published keys (RFC 7517 §5, OpenID Connect Core §10.1).
package enum KeySetConditions {
    package typealias On = Condition<WebAnswer>

    package static let shared = [
        isAKeySet, hasIdentifiers, hasDistinctIdentifiers, hasNoSecrets, hasLongEnoughKeys, hasReadableKeys,
        hasKnownTypes,
    ]

    /// Returns the keys of a JWK Set.
    package static func keys(_ answer: WebAnswer) -> [JWK] { (answer.json?["keys"]?.array ?? []).compactMap(JWK.init) }

    static let isAKeySet = On("jwks_uri returns a JWK Set with keys", .failure, "RFC 7517 §5") { answer in
        .require(
            answer.status == 200 && answer.json?["keys"]?.array?.isEmpty == false && !keys(answer).isEmpty,
            "it responds with \(answer.status) \(answer.mediaType)")
    }

    static let hasIdentifiers = On("every key has a kid", .failure, "OpenID Connect Core §10.1") { answer in
        .require(keys(answer).allSatisfy { $0.identifier?.isEmpty == false }, "a key has no kid")
    }

    static let hasDistinctIdentifiers = On("no kid is repeated", .failure, "RFC 7517 §4.5") { answer in
        let identifiers = keys(answer).compactMap(\.identifier)
        return .require(Set(identifiers).count == identifiers.count, "kids: \(identifiers)")
    }

    static let hasNoSecrets = On(
        "no key is private or symmetric", .failure, "OpenID Connect Discovery §3"
    ) { answer in
        let open = keys(answer).filter { !$0.secretMembers.isEmpty || $0.type == "oct" }
        return .require(open.isEmpty, "\(open.compactMap(\.identifier)) has \(open.flatMap(\.secretMembers))")
    }

    static let hasLongEnoughKeys = On("RSA keys have at least 2048 bits", .failure, "RFC 7518 §3.3") { answer in
        let short = keys(answer).compactMap(\.modulusBits).filter { $0 < 2_048 }
        return .require(short.isEmpty, "key sizes below 2048: \(short)")
    }

    static let hasReadableKeys = On(
        "keys of known types are well formed", .failure, "RFC 7518 §6"
    ) { answer in
        let known = keys(answer).filter { ["RSA", "EC", "OKP"].contains($0.type) }
        let broken = known.filter { key in
            key.publicKey == nil && ["P-256", "P-384", "P-521", "Ed25519", nil].contains(key.members["crv"]?.string)
        }
        return .require(broken.isEmpty, "malformed: \(broken.map { $0.identifier ?? "(no kid)" })")
    }

    static let hasKnownTypes = On("every key has a known type", .warning, "RFC 7518 §6.1") { answer in
        let types = keys(answer).map { $0.type ?? "none" }
        return .require(types.allSatisfy(["RSA", "EC", "OKP", "AKP"].contains), "types: \(types)")
    }
}
