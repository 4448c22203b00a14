import FoundationEssentials

/// A valid authorization request. Parsing is the only way to one: before it there are just `Parameters`.
struct AuthorizationRequest: Codable, Sendable {
    let client: Identifier<Client>
    let redirect: VerifiedRedirect
    let scope: Scope
    let resources: [String]
    let pkce: PKCE?
    let nonce: String?
    let prompt: Set<Prompt>
    /// Seconds since the person signed in.
    let maxAge: Int?
    let loginHint: String?
    let languages: [String]
    let display: Display
    let claims: ClaimsRequest?
    let requestedContexts: [String]
    /// The user whom `id_token_hint` names.
    let subject: Identifier<User>?

    private enum CodingKeys: String, CodingKey {
        case client, redirect, scope, resources, pkce, nonce, prompt, maxAge, loginHint, languages, display, claims,
            requestedContexts, subject
    }

    /// OpenID Connect Core §3.1.2.1, §3.1.2.2. `known` are the resource servers of the issuer.
    init(
        _ parameters: Parameters, from client: Client, to redirect: VerifiedRedirect, known: ResourceCatalog,
        subject: Identifier<User>?
    ) throws(OAuthError) {
        try Self.refuseUnsupported(parameters)
        guard try parameters.required("response_type") == "code" else {
            throw OAuthError(code: .unsupportedResponseType, description: "response_type must be code")
        }
        guard parameters["response_mode"] ?? redirect.mode.rawValue == redirect.mode.rawValue else {
            throw .invalidRequest("response_mode must be query or form_post")
        }
        try client.require(.authorizationCode)
        resources = parameters.all("resource")
        // Users are not asked for scopes that no token of this authorization can have (RFC 8707 §2.1).
        scope = try TokenTarget(
            known.scope(parameters["scope"], of: client), of: client, in: known, requested: resources
        ).scope
        prompt = try Prompt.parse(parameters)
        maxAge = try parameters.seconds("max_age") ?? client.defaultMaxAge
        nonce = parameters["nonce"]
        pkce = try PKCE(parameters)
        if pkce == nil { try Self.requireProtection(of: client, scope, nonce) }
        loginHint = parameters["login_hint"]
        languages = parameters.languages
        display = parameters["display"].flatMap(Display.init) ?? .page
        claims = try ClaimsRequest(parameters, allowed: client.scope)
        requestedContexts = parameters.list("acr_values")
        self.client = client.id
        self.redirect = redirect
        self.subject = subject
    }

    /// What a person must agree to: the scope, and what the same claims would need as one.
    var consentScope: Scope { claims.map { scope.union($0.scope) } ?? scope }

    /// Against injected codes a confidential client may check the nonce of an ID Token instead; a public client has only
    /// PKCE, which also binds the code to it (RFC 9700 §2.1.1; OAuth 2.1 §7.5.1).
    private static func requireProtection(
        of client: Client, _ scope: Scope, _ nonce: String?
    ) throws(OAuthError) {
        guard !client.isPublic else { throw .invalidRequest("code_challenge is missing") }
        guard !client.isPKCEOptional, nonce == nil || !scope.contains(Scope.openID) else { return }
        throw .invalidRequest(
            "code_challenge is missing: send one (S256), or a nonce with the scope openid, "
                + "or register the client with pkce: optional")
    }

    /// OpenID Connect Core §6.1, §6.2, §7.2.1: what is not supported is said, not ignored.
    private static func refuseUnsupported(_ parameters: Parameters) throws(OAuthError) {
        let unsupported: [(String, OAuthError.Code)] = [
            ("request", .requestNotSupported), ("request_uri", .requestURINotSupported),
            ("registration", .registrationNotSupported),
        ]
        for (name, code) in unsupported where parameters[name] != nil {
            throw OAuthError(code: code, description: "\(name) is not supported")
        }
    }
}
