import FoundationEssentials
import JOSE

/// A valid authorization request. Parsing `Parameters` is the only way to create one.
struct AuthorizationRequest: Codable, Sendable {
    let client: Identifier<Client>
    let redirect: VerifiedRedirect
    let scope: Scope
    /// `authorization_details` (RFC 9396 §3).
    let details: AuthorizationDetails?
    let resources: [String]
    let pkce: PKCE?
    let nonce: String?
    let prompt: Set<Prompt>
    /// The maximum time since the sign-in, in seconds.
    let maxAge: Int?
    var loginHint: String?
    /// The upstream that the client wants the user to sign in with (`idp_hint`, a Martlet extension).
    let upstreamHint: String?
    let languages: [String]
    let display: Display
    let claims: ClaimsRequest?
    let requestedContexts: [String]
    /// The user named by `id_token_hint`.
    let subject: Identifier<User>?
    /// The thumbprint of the DPoP key to which the code is bound (RFC 9449 §10).
    var dpopKey: String?
    /// The identifier under which a pushed request is stored.
    var pushed: String?

    private enum CodingKeys: String, CodingKey {
        case client, redirect, scope, details, resources, pkce, nonce, prompt, maxAge, loginHint, upstreamHint,
            languages,
            display,
            claims, requestedContexts, subject, dpopKey, pushed
    }

    /// Validates the parameters (OpenID Connect Core §3.1.2.1, §3.1.2.2). `known` holds the issuer's resource servers,
    /// `attributes` the claims of attributes that the client can request, in the form of `Claims.byScope`.
    init(
        _ parameters: Parameters, from client: Client, to redirect: VerifiedRedirect, known: ResourceCatalog,
        attributes: [(scope: String, claims: [String])] = [], subject: Identifier<User>?
    ) throws(OAuthError) {
        try Self.refuseUnsupported(parameters)
        guard try parameters.required("response_type") == "code" else {
            throw OAuthError(code: .unsupportedResponseType, description: "response_type must be code")
        }
        try Self.checkResponseMode(parameters, redirect.mode, of: client)
        try client.require(.authorizationCode)
        resources = parameters.all("resource")
        // Users aren't asked to consent to scopes that no token of this authorization can have (RFC 8707 §2.1).
        details = try known.details(parameters, of: client)
        scope = try TokenTarget(
            known.scope(parameters["scope"], or: details, of: client), details, of: client, in: known,
            requested: resources
        ).scope
        prompt = try Prompt.parse(parameters)
        maxAge = try parameters.seconds("max_age") ?? client.defaultMaxAge
        nonce = parameters["nonce"]
        pkce = try PKCE(parameters)
        try Self.requireProtection(of: client, scope, nonce, pkce)
        loginHint = parameters["login_hint"]
        upstreamHint = parameters["idp_hint"]
        languages = parameters.languages
        display = parameters["display"].flatMap(Display.init) ?? .page
        claims = try ClaimsRequest(parameters, allowed: client.scope, attributes: attributes)
        requestedContexts = client.requestedContexts(parameters)
        dpopKey = try Self.dpopKey(parameters)
        self.client = client.id
        self.redirect = redirect
        self.subject = subject
    }

    private static func checkResponseMode(
        _ parameters: Parameters, _ mode: ResponseMode, of client: Client
    ) throws(OAuthError) {
        guard parameters["response_mode"] ?? mode.rawValue == mode.rawValue else {
            let names = client.responseModes.map(\.rawValue).joined(separator: ", ")
            throw .invalidRequest("response_mode must be one of \(names)")
        }
    }

    /// Returns the thumbprint in `dpop_jkt` (RFC 9449 §10).
    private static func dpopKey(_ parameters: Parameters) throws(OAuthError) -> String? {
        guard let key = parameters["dpop_jkt"] else { return nil }
        guard let bytes = try? Base64URL.decode(key), bytes.count == 32 else {
            throw .invalidRequest("dpop_jkt must be a SHA-256 thumbprint in base64url")
        }
        return key
    }

    /// Whether `id_token_hint` or `claims` names the user.
    var namesSubject: Bool { subject != nil || claims?.subjects.isEmpty == false }

    /// The scope that the user must consent to. Individually requested claims count as the scope that covers them.
    var consentScope: Scope { claims.map { scope.union($0.scope) } ?? scope }

    /// Requires protection against code injection for a request without PKCE. A confidential client may check the
    /// `nonce` of the ID Token instead. A public client must use PKCE, which also binds the code to it
    /// (RFC 9700 §2.1.1; OAuth 2.1 §7.5.1).
    private static func requireProtection(
        of client: Client, _ scope: Scope, _ nonce: String?, _ pkce: PKCE?
    ) throws(OAuthError) {
        guard pkce == nil else { return }
        guard client.profile == nil else { throw .invalidRequest("code_challenge is missing") }
        guard !client.isPublic else { throw .invalidRequest("code_challenge is missing") }
        guard !client.isPKCEOptional, nonce == nil || !scope.contains(Scope.openID) else { return }
        throw .invalidRequest(
            "code_challenge is missing: send an S256 challenge, send a nonce with the scope openid, "
                + "or register the client with pkce: optional")
    }

    /// Whether the client's registration, which may have changed since, still allows the request.
    func isPossible(for client: Client) -> Bool {
        client.redirectURIs.contains { $0.matches(redirect.uri) } && consentScope.isSubset(of: client.scope)
            && client.mayRequest(details)
            && client.grantTypes.contains(.authorizationCode) && client.responseModes.contains(redirect.mode)
            && (pushed != nil || !client.requestRules.arePushed)
            && (try? Self.requireProtection(of: client, scope, nonce, pkce)) != nil
    }

    /// Rejects unsupported parameters, which must not be ignored silently (OpenID Connect Core §7.2.1).
    private static func refuseUnsupported(_ parameters: Parameters) throws(OAuthError) {
        guard parameters["registration"] == nil else {
            throw OAuthError(code: .registrationNotSupported, description: "registration is not supported")
        }
    }
}
