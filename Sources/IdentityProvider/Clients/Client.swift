package import FoundationEssentials
package import JOSE

/// A registered client (RFC 7591 §2). The initializer validates the metadata.
package struct Client: Sendable, Hashable {
    package let id: Identifier<Client>
    package let name: String
    /// The name by language tag (RFC 7591 §2.2).
    let translatedNames: [String: String]
    package let clientURI: String?
    package let logoURI: String?
    package let policyURI: String?
    package let termsOfServiceURI: String?
    package let redirectURIs: [RedirectURI]
    package let postLogoutRedirectURIs: [String]
    package let grantTypes: Set<GrantType>
    let authenticationMethod: any ClientAuthenticationMethod.Type
    package let assertionAudience: AssertionAudience
    /// The public keys that verify what the client signs. `ClientKeys` also knows those at `keysURI`.
    package let keys: JWKSet?
    /// `jwks_uri` (RFC 7591 §2).
    let keysURI: String?
    /// Whether `jwks_uri` and `request_uris` may be in the operator's own network. Registered as `private_network`, a
    /// Martlet extension.
    let isInPrivateNetwork: Bool
    /// `nil` if the client asks for none.
    package let profile: ClientProfile?
    let algorithms: ClientAlgorithms
    let requestRules: RequestRules
    let senderConstraint: SenderConstraintRules
    /// The subject of its certificates; `nil` if it doesn't authenticate by `tls_client_auth`.
    let certificateSubject: CertificateSubject?
    /// The scope that the client may request.
    package let scope: Scope
    /// The types of authorization details that the client may request (RFC 9396 §10).
    package let authorizationDetailsTypes: [String]
    /// Whether ID Tokens have the claims that the scope requests. Registered as `id_token_claims: scope`, a Martlet
    /// extension.
    package let hasScopeClaimsInIDToken: Bool
    /// The `max_age` of requests without one, in seconds (OpenID Connect Registration §2).
    package let defaultMaxAge: Int?
    /// Whether users are not asked for consent. Registered as `consent: skip`, a Martlet extension.
    package let skipsConsent: Bool
    /// Whether requests need neither PKCE nor a nonce. Registered as `pkce: optional`, a Martlet extension.
    package let isPKCEOptional: Bool
    /// The grace period for retried refreshes, in seconds; `nil` for the issuer's default.
    package let refreshTokenGrace: TimeInterval?
    /// The weakest sign-in that the client accepts. Registered as `minimum_acr`, a Martlet extension.
    package let minimumContext: AuthenticationContext?
    package let isDisabled: Bool
    /// Whether the client is the operator's own front end, which may use the JSON API and handles users' passwords.
    package let isFirstParty: Bool
    /// The origins that a proxy protects for the client.
    package let forwardAuth: ForwardAuthRule?
    /// `nil` unless the client receives shared signals.
    package let eventReceiver: EventReceiver?
    /// The upstreams that its users may sign in with; `nil` for all. Registered as `upstreams`, a Martlet extension.
    let upstreams: Set<Identifier<Upstream>>?
    let logoutRules: LogoutRules
    /// Registered metadata that most servers know and that needs little or nothing here.
    let common: CommonMetadata
    package let secret: ClientSecret?
    /// The metadata that the client was created from, as it is stored.
    package let metadata: JSONObject

    /// Throws all problems of `metadata` at once. Unknown members are problems, because a misspelled restriction would
    /// have no effect.
    package init(_ metadata: JSONObject, secret: ClientSecret? = nil) throws(InvalidDocument) {
        var reader = DocumentReader(metadata)
        id = Identifier(rawValue: reader.required("client_id", Self.checkID))
        name = reader.text("client_name") ?? id.rawValue
        translatedNames = reader.translations(of: "client_name")
        clientURI = reader.webURL("client_uri")
        logoURI = reader.webURL("logo_uri")
        policyURI = reader.webURL("policy_uri")
        termsOfServiceURI = reader.webURL("tos_uri")
        redirectURIs = reader.list("redirect_uris", RedirectURI.init)
        postLogoutRedirectURIs = reader.list("post_logout_redirect_uris", RedirectURI.init).map(\.text)
        grantTypes = Set(
            reader.list(
                "grant_types", { text throws(InvalidValue) in GrantType(rawValue: text) }, default: [.authorizationCode]
            ))
        authenticationMethod =
            reader.value("token_endpoint_auth_method", ClientAuthentication.method(registered:))
            ?? ClientSecretBasic.self
        let audience = reader.value("token_endpoint_auth_audience", AssertionAudience.init(registered:))
        assertionAudience = audience ?? .issuer
        keys = reader.keys("jwks")
        keysURI = reader.httpsURL("jwks_uri")
        isInPrivateNetwork = reader.flag("private_network") ?? false
        certificateSubject = CertificateSubject(&reader)
        scope = reader.value("scope", Scope.init(registered:)) ?? Scope([Scope.openID])
        authorizationDetailsTypes = reader.list("authorization_details_types") { text throws(InvalidValue) in text }
        profile = reader.value("profile", ClientProfile.init(registered:))
        algorithms = ClientAlgorithms(&reader, for: profile)
        requestRules = RequestRules(&reader, for: profile)
        senderConstraint = SenderConstraintRules(&reader, for: profile)
        hasScopeClaimsInIDToken = reader.value("id_token_claims", Self.idTokenClaims) ?? false
        defaultMaxAge = reader.seconds("default_max_age")
        skipsConsent = reader.value("consent", Self.consent) ?? false
        isPKCEOptional = reader.value("pkce", Self.pkce) ?? false
        refreshTokenGrace = reader.seconds("refresh_token_grace").map(TimeInterval.init)
        minimumContext = reader.value("minimum_acr", AuthenticationContext.registered)
        isDisabled = reader.flag("disabled") ?? false
        isFirstParty = reader.flag("first_party") ?? false
        forwardAuth = reader.nested("forward_auth", ForwardAuthRule.init(document:))
        eventReceiver = reader.nested("event_receiver", EventReceiver.init(document:))
        let listed = reader.list("upstreams") { text throws(InvalidValue) in Identifier<Upstream>(rawValue: text) }
        upstreams = metadata["upstreams"] == nil ? nil : Set(listed)
        logoutRules = LogoutRules(&reader)
        common = CommonMetadata(&reader)
        self.secret = secret
        self.metadata = metadata
        reader.refuseUnknown(besides: ["client_secret"])
        checkTogether(&reader)
        try reader.finish()
    }

    /// Checks rules that involve several members.
    private func checkTogether(_ reader: inout DocumentReader) {
        if grantTypes.contains(.authorizationCode), redirectURIs.isEmpty, !reader.hasProblem(in: "redirect_uris") {
            reader.report("redirect_uris", "is required for the grant type authorization_code")
        }
        if grantTypes.contains(.clientCredentials), isPublic {
            reader.report("grant_types", "client_credentials requires a client that authenticates (RFC 6749 §4.4)")
        }
        if isFirstParty, !isPublic || !scope.contains(Scope.openID) {
            reader.report("first_party", "requires token_endpoint_auth_method none and a scope with openid")
        }
        if metadata["token_endpoint_auth_audience"] != nil, authenticationMethod.assertionAlgorithms.isEmpty {
            reader.report("token_endpoint_auth_audience", "is allowed only for private_key_jwt and client_secret_jwt")
        }
        if isPKCEOptional, isPublic {
            reader.report("pkce", "cannot be optional for a client that does not authenticate (RFC 9700 §2.1.1)")
        }
        if let refreshTokenGrace, refreshTokenGrace > Self.longestRefreshTokenGrace {
            reader.report("refresh_token_grace", "must be 0 to \(Int(Self.longestRefreshTokenGrace)) seconds")
        }
        if authenticationMethod.needsKeys, !hasKeys, !reader.hasProblem(in: "jwks") {
            reader.report("jwks", "or jwks_uri is required for \(authenticationMethod.name)")
        }
        if keys != nil, keysURI != nil {
            reader.report("jwks_uri", "must not be registered together with jwks (RFC 7591 §2)")
        }
        if requestRules.areSigned, !hasKeys {
            reader.report("require_signed_request_object", "requires jwks or jwks_uri")
        }
        if isFirstParty, profile != nil {
            reader.report("first_party", "does not fit a profile: the JSON API signs users in without a redirect")
        }
        if profile != nil {
            for demand in FAPIDemands.registered where !demand.isMet(self) {
                reader.report(
                    demand.member,
                    "\(demand.advice) for the client's profile (FAPI 2.0 Security Profile \(demand.section))")
            }
        }
        checkCertificates(&reader)
        checkReceiver(&reader)
        common.check(self, &reader)
        logoutRules.check(self, &reader)
    }

    private static func checkID(_ text: String) throws(InvalidValue) -> String {
        // The characters of RFC 6749 Appendix A.1, except the space and the colon, which separates it from the secret.
        guard !text.isEmpty, text.utf8.count <= 255, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3A })
        else { throw InvalidValue("must be 1 to 255 visible ASCII characters without a colon") }
        return text
    }

    /// The same maximum as for `lifetimes.refresh_grace`. Within this time, a copied refresh token can be used
    /// unnoticed.
    private static let longestRefreshTokenGrace: TimeInterval = 300

    private static func pkce(_ text: String) throws(InvalidValue) -> Bool {
        switch text {
        case "required": return false
        case "optional": return true
        default: throw InvalidValue("must be required or optional")
        }
    }

    private static func idTokenClaims(_ text: String) throws(InvalidValue) -> Bool {
        switch text {
        case "scope": return true
        case "requested": return false
        default: throw InvalidValue("must be requested or scope")
        }
    }

    private static func consent(_ text: String) throws(InvalidValue) -> Bool {
        switch text {
        case "skip": return true
        case "ask": return false
        default: throw InvalidValue("must be ask or skip")
        }
    }
}

/// The stored form of a client's secret.
package struct ClientSecret: Sendable, Hashable {
    package let digest: SecretDigest<Client>
    /// The sealed secret, for methods that need the secret itself: an HMAC can't be verified with a digest.
    package let sealed: [UInt8]?

    package init(digest: SecretDigest<Client>, sealed: [UInt8]? = nil) {
        self.digest = digest
        self.sealed = sealed
    }
}

extension Client {
    package static func == (left: Client, right: Client) -> Bool {
        left.metadata == right.metadata && left.secret == right.secret
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(id) }

    /// The name in the language of the page.
    var shownName: Page.Value {
        translatedNames.isEmpty ? .text(name) : .translated(translatedNames, otherwise: name)
    }

    /// The origins of its redirect URIs, without those of apps.
    var webOrigins: [String] { redirectURIs.compactMap { Origin.serialized($0.text) } }

    /// Whether the client registered keys, which `ClientKeys` finds.
    var hasKeys: Bool { keys != nil || keysURI != nil }

    package var isPublic: Bool { authenticationMethod == PublicClient.self }

    /// The accepted algorithms of the client's assertions.
    var assertionAlgorithms: [SignatureAlgorithm] {
        let algorithms = common.assertionAlgorithm.map { [$0] } ?? authenticationMethod.assertionAlgorithms
        guard let profile else { return algorithms }
        return algorithms.filter(profile.permits)
    }

    /// The registered `token_endpoint_auth_method`.
    package var authenticationMethodName: String { authenticationMethod.name }

    /// Whether each refresh replaces the refresh token. FAPI clients keep theirs, because their tokens are bound to them
    /// (FAPI 2.0 Security Profile §5.3.2.1).
    var rotatesRefreshTokens: Bool { profile == nil }

    /// Whether the client's method uses a `client_secret`.
    package var usesSecret: Bool { authenticationMethod.secret != nil }

    func require(_ type: GrantType) throws(OAuthError) {
        guard grantTypes.contains(type) else {
            Decision.note("The client \(id) is not registered for this grant_type.")
            throw OAuthError(code: .unauthorizedClient, description: "the client is not registered for this grant type")
        }
    }
}

extension Client: RenewablyDigested {
    package static let digestLabel = "Client"
    package static let digestColumn = DigestColumn.client
}
