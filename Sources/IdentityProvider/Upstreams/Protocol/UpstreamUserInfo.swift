import HTTPTypes
import JOSE

/// Reads the claims that an upstream releases for an access token.
struct UpstreamUserInfo: Sendable {
    private let fetches: UpstreamFetches

    init(_ fetches: UpstreamFetches) { self.fetches = fetches }

    /// Returns the claims of an ID Token and, below them, those of the userinfo endpoint. Throws `UpstreamMistake` if
    /// they are about another user (OpenID Connect Core §5.3.2).
    func claims(
        completing idToken: UpstreamIDToken, _ accessToken: String, at metadata: UpstreamMetadata, of upstream: Upstream
    ) async throws -> JSONObject {
        guard let endpoint = metadata.userInfoEndpoint else { return idToken.claims }
        let more = try await fetches.object(.userInfo, Self.request(endpoint, accessToken), of: upstream)
        return try idToken.completed(by: more, of: upstream)
    }

    /// Returns the user's identifier and claims at an OAuth 2 provider.
    func identity(
        _ accessToken: String, at metadata: UpstreamMetadata, of upstream: Upstream
    ) async throws -> (subject: String, claims: JSONObject) {
        guard let endpoint = metadata.userInfoEndpoint else { throw UpstreamMistake("userinfo_endpoint is missing") }
        var claims = try await fetches.object(.userInfo, Self.request(endpoint, accessToken), of: upstream)
        let subject = try upstream.claims.subject(in: claims)
        if let endpoint = metadata.emailsEndpoint {
            let emails = try await fetches.json(.userInfo, Self.request(endpoint, accessToken), of: upstream)
            try upstream.claims.setEmail(from: emails, in: &claims)
        }
        return (subject, claims)
    }

    private static func request(_ endpoint: String, _ accessToken: String) -> FetchRequest {
        FetchRequest(.get, endpoint, headers: [.authorization: "Bearer \(accessToken)"])
    }
}

extension UpstreamIDToken {
    /// Returns the claims together with those of the userinfo endpoint, which never replace the signed ones.
    fileprivate func completed(by more: JSONObject, of upstream: Upstream) throws -> JSONObject {
        guard more["sub"]?.string?.isExactly(subject) == true else {
            throw UpstreamMistake("sub of the userinfo response is not that of the ID Token")
        }
        let rules = upstream.claims
        var merged = more
        merged.merge(claims)
        // An address counts only with its own verification.
        let (signed, other) = (rules.value("email", in: claims), rules.value("email", in: more))
        let source = signed == nil ? more : signed == other ? merged : claims
        for name in ["email", "email_verified"].map(rules.name(of:)) { merged[name] = source[name] }
        return merged
    }
}

extension UpstreamClaims {
    /// Returns the text form of the claim that identifies a user: a string or an integer. Throws `UpstreamMistake`.
    fileprivate func subject(in claims: JSONObject) throws -> String {
        let text =
            switch value("sub", in: claims) {
            case .string(let text)?: text
            case .integer(let number)?: String(number)
            default: ""
            }
        guard UpstreamIDToken.isSubject(text) else {
            throw UpstreamMistake(
                "\(name(of: "sub")) of the userinfo response is not an integer or 1 to 255 printable ASCII characters")
        }
        return text
    }

    /// Replaces the address in `claims` by the primary one of a list. Throws `UpstreamMistake`.
    fileprivate func setEmail(from list: JSON, in claims: inout JSONObject) throws {
        guard let items = list.array else { throw UpstreamMistake("the response of emails_endpoint is not a list") }
        let primary = items.compactMap(\.object).first { $0["primary"]?.bool == true }
        claims[name(of: "email")] = primary?["email"]
        claims[name(of: "email_verified")] = primary.map { .bool($0["verified"]?.bool == true) }
    }
}
