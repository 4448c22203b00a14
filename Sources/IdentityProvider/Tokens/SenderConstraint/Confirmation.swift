import JOSE

/// What the sender of a token must prove to have: the `cnf` claim (RFC 7800 §3.1).
struct Confirmation: Codable, Sendable, Hashable {
    /// `jkt`: the thumbprint of the key that signs DPoP proofs (RFC 9449 §6.1).
    let key: String?
    /// `x5t#S256`: the thumbprint of the client certificate (RFC 8705 §3.1).
    let certificate: String?

    private enum CodingKeys: String, CodingKey { case key, certificate }

    /// Returns `nil` if there is nothing to prove.
    init?(key: String? = nil, certificate: String? = nil) {
        guard key != nil || certificate != nil else { return nil }
        self.key = key
        self.certificate = certificate
    }

    /// The scheme with which the token must be presented.
    var scheme: AuthenticationScheme { key == nil ? .bearer : .dpop }

    /// Whether the sender of `shown` has everything that this demands.
    func isMet(by shown: Confirmation?) -> Bool {
        (key == nil || key == shown?.key) && (certificate == nil || certificate == shown?.certificate)
    }
}

extension Confirmation {
    /// The value of the claim.
    var claim: JSON {
        var members: JSONObject = [:]
        members["jkt"] = key.map(JSON.string)
        members["x5t#S256"] = certificate.map(JSON.string)
        return .object(members)
    }

    /// Parses what `claim` returns. Returns `nil` for a claim with anything else.
    init?(claim: JSON?) {
        guard let members = claim?.object, members.names.allSatisfy(["jkt", "x5t#S256"].contains) else { return nil }
        self.init(key: members["jkt"]?.string, certificate: members["x5t#S256"]?.string)
    }
}
