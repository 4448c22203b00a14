import FoundationEssentials
import HTTPTypes
import JOSE

/// Martlet as a client of its upstreams: exchanges authorization codes for verified identities.
struct UpstreamClient: Sendable {
    private let fetches: UpstreamFetches
    private let keys: RemoteKeys
    private let credential: UpstreamClientCredential
    private let userInfo: UpstreamUserInfo
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        fetches = UpstreamFetches(core.fetcher)
        keys = RemoteKeys(core)
        credential = UpstreamClientCredential(core)
        userInfo = UpstreamUserInfo(fetches)
        now = core.now
    }

    /// Returns the listed or discovered endpoints. Throws `UpstreamFailure`.
    func metadata(of upstream: Upstream) async throws -> UpstreamMetadata {
        switch upstream.endpoints {
        case .listed(let endpoints): return UpstreamMetadata(endpoints)
        case .discovered(let issuer):
            return try await reporting(upstream) {
                let request = FetchRequest(.get, UpstreamMetadata.location(of: issuer))
                let document = try await fetches.object(.metadata, request, of: upstream)
                return try UpstreamMetadata(document, of: issuer, allowsLocal: upstream.isInPrivateNetwork)
            }
        }
    }

    /// Redeems the code and returns what the upstream says about the user. Throws `UpstreamFailure`.
    func identity(
        from exchange: UpstreamExchange, at metadata: UpstreamMetadata, of upstream: Upstream
    ) async throws -> UpstreamIdentity {
        try await reporting(upstream) {
            let response = try await redeem(exchange, at: metadata, of: upstream)
            guard let uri = metadata.keysURI, let issuer = metadata.issuer else {
                let (subject, claims) = try await userInfo.identity(
                    response.tokens.accessToken, at: metadata, of: upstream)
                return try identity(subject, claims, proof: [:], exchange, response, of: upstream)
            }
            guard let text = response.idToken else { throw UpstreamMistake("the token response has no id_token") }
            let token = try await verify(at: uri, of: upstream) { keys in
                try UpstreamIDToken(
                    validating: text, with: keys, from: issuer, for: upstream.clientID, nonce: exchange.nonce,
                    accessToken: response.tokens.accessToken, at: now())
            }
            let claims = try await userInfo.claims(
                completing: token, response.tokens.accessToken, at: metadata, of: upstream)
            return try identity(token.subject, claims, proof: token.claims, exchange, response, of: upstream)
        }
    }

    /// Sends the token request (RFC 6749 §4.1.3).
    private func redeem(
        _ exchange: UpstreamExchange, at metadata: UpstreamMetadata, of upstream: Upstream
    ) async throws -> UpstreamTokenResponse {
        let proof = try await credential.proof(for: upstream, at: metadata)
        var form = [
            (name: "grant_type", value: GrantType.authorizationCode.rawValue), ("code", exchange.code),
            ("redirect_uri", exchange.redirectURI),
        ]
        if upstream.usesPKCE { form.append(("code_verifier", exchange.verifier)) }
        var headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        headers[.authorization] = proof.authorization
        let request = FetchRequest(
            .post, metadata.tokenEndpoint, headers: headers, body: Array(FormEncoding.encode(form + proof.form).utf8))
        do {
            return try UpstreamTokenResponse(await fetches.object(.token, request, of: upstream), at: now())
        } catch FetchError.unsuccessful(_, let response) where response.status == 400 || response.status == 401 {
            throw UpstreamMistake.refused(response)
        }
    }

    /// Returns the logout token. Throws `UpstreamFailure`.
    func logoutToken(_ text: String, from upstream: Upstream) async throws -> UpstreamLogoutToken {
        let metadata = try await metadata(of: upstream)
        guard let uri = metadata.keysURI, let issuer = metadata.issuer else {
            throw UpstreamFailure.invalid(upstream, "an OAuth 2 provider without ID Tokens has no logout tokens")
        }
        return try await reporting(upstream) {
            try await verify(at: uri, of: upstream, for: "logout") { keys in
                try UpstreamLogoutToken(validating: text, with: keys, from: issuer, for: upstream.clientID, at: now())
            }
        }
    }

    /// Runs `check` with the upstream's keys. Each `purpose` has its own allowance of renewals: anyone can send logout
    /// tokens with unknown keys.
    private func verify<Token>(
        at uri: String, of upstream: Upstream, for purpose: String = "sign-in", _ check: (JWKSet) throws -> Token
    ) async throws -> Token {
        try await keys.verify(
            at: uri, under: UpstreamFetches.policy(.keys, of: upstream),
            renewing: "keys of \(upstream.id) for \(purpose)",
            check)
    }

    /// `proof` are the signed claims, by which the sign-in is judged.
    private func identity(
        _ subject: String, _ claims: JSONObject, proof: JSONObject, _ exchange: UpstreamExchange,
        _ response: UpstreamTokenResponse, of upstream: Upstream
    ) throws -> UpstreamIdentity {
        let assurance = upstream.assurance
        let age = try exchange.age(
            proof["auth_time"], assumesReauthentication: assurance.assumesReauthentication, at: now())
        guard case .signedIn(let moment) = age else {
            throw UpstreamFailure(.stale, upstream, cause: UpstreamMistake("auth_time is missing or too long ago"))
        }
        let context = assurance.context(
            acr: proof["acr"]?.string, amr: proof["amr"]?.array?.compactMap(\.string) ?? [])
        guard context >= assurance.minimum else {
            let rule = "acr and amr of the ID Token prove \(context.rawValue), expected \(assurance.minimum.rawValue)"
            throw UpstreamFailure(.weak, upstream, cause: UpstreamMistake(rule))
        }
        return UpstreamIdentity(
            upstream: upstream.id, subject: subject, claims: claims, email: upstream.claims.email(in: claims),
            isEmailVerified: upstream.claims.isEmailVerified(in: claims), context: context, authenticatedAt: moment,
            session: proof["sid"]?.string.flatMap { UpstreamIDToken.isSubject($0) ? $0 : nil },
            idToken: response.idToken, tokens: response.tokens)
    }

    private func reporting<Result>(_ upstream: Upstream, _ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch {
            throw UpstreamFailure(reporting: error, of: upstream) ?? error
        }
    }
}
