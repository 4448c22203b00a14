import FoundationEssentials
import HTTPTypes
import JOSE

extension Mutation {
    /// Returns the request with the fault applied.
    func changed(_ request: Request, _ tools: MutationTools) async throws -> Request {
        var edit = RequestEdit(request)
        switch Path(request.path) {
        case .authorization where edit["interaction"] == nil:
            try await changeAuthorization(&edit, tools)
            changeAccounts(&edit)
            changeDetails(&edit)
            try await changeRequestURI(&edit, tools)
            try await changeSigned(&edit, tools)
        case .pushedAuthorization:
            changeDetails(&edit)
            if self == .requestURIPushed { edit["request_uri"] = nil }
            if self == .proofKeyOfCodeIgnored {
                edit["dpop_jkt"] = nil
                edit.headers[.dpop] = nil
            }
            try await changeSigned(&edit, tools)
            try await changeCertificate(&edit, tools)
        case .token:
            try await changeToken(&edit, request, tools)
            try await changeDeviceCode(&edit, tools)
            if self == .detailsNotNarrowed { edit["authorization_details"] = nil }
            try await changeSigned(&edit, tools)
        case .endSession where edit["request"] == nil: try await changeSignOut(&edit, request, tools)
        case .confirmSignOut: changeForm(&edit, request, tools)
        case .device: if self == .guessesNotLimited { edit["user_code"] = nil }
        case .userInfo:
            if self == .userInfoRefusesPost, request.method == .post {
                throw OAuthError.methodNotAllowed(allowed: [.get])
            }
            if self == .tokenInQuery, request.method == .get, let token = edit["access_token"] {
                edit.headers[.authorization] = "Bearer \(token)"
            }
            try await changeProof(&edit, request, tools)
            try await changeBoundToken(&edit, tools)
        default: break
        }
        return try edit.request
    }

    private func changeAuthorization(_ edit: inout RequestEdit, _ tools: MutationTools) async throws {
        let registered = try await edit["client_id"].asyncMap { try await tools.clients.find(Identifier(rawValue: $0)) }
        let uris = registered??.redirectURIs.map(\.text) ?? []
        let asked = edit["redirect_uri"]
        switch self {
        case .redirectURIByPrefix:
            if let asked, !uris.contains(asked), let uri = uris.first(where: { asked.hasPrefix($0) }) {
                edit["redirect_uri"] = uri
            }
        case .redirectURIWithoutQuery:
            let base = asked.map { $0.prefix { $0 != "?" } }
            if let base, let asked, !uris.contains(asked),
                let uri = uris.first(where: { $0.prefix { $0 != "?" } == base })
            {
                edit["redirect_uri"] = uri
            }
        case .redirectURIByDefault: if asked == nil { edit["redirect_uri"] = uris.first }
        case .stateDropped: edit["state"] = nil
        case .stateChanged: edit["state"] = edit["state"].map { $0 + "x" }
        case .nonceDropped: edit["nonce"] = nil
        case .promptNoneShowsSignIn: if edit["prompt"] == "none" { edit["prompt"] = nil }
        case .promptLoginIgnored: if edit["prompt"] == "login" { edit["prompt"] = nil }
        case .maximumAgeIgnored: edit["max_age"] = nil
        case .requestObjectIgnored:
            edit["request"] = nil
            edit["request_uri"] = nil
        case .plainChallengeAccepted: if edit["code_challenge_method"] == "plain" { edit.challenge() }
        case .challengeNotRequired: if edit["code_challenge"] == nil { edit.challenge() }
        case .formAsRedirect: edit["response_mode"] = nil
        default: break
        }
    }

    private func changeToken(_ edit: inout RequestEdit, _ request: Request, _ tools: MutationTools) async throws {
        if self == .shortCode { edit["code"] = edit["code"].flatMap(tools.codes.code) ?? edit["code"] }
        if self == .publicRefreshTokenNotBound, let text = edit["refresh_token"],
            var token = try? tools.sealer.open(RefreshToken.self, from: text, for: .refreshToken)
        {
            token.confirmation = nil
            edit["refresh_token"] = try tools.sealer.seal(token, for: .refreshToken)
        }
        if self == .refreshWithoutAuthentication, edit["grant_type"] == "refresh_token",
            request.headers[.authorization] == nil, edit["client_secret"] == nil
        {
            edit["client_id"] = edit["client_id"].map { $0 + Mutation.open }
        }
        guard let text = edit["code"],
            let code = try? tools.sealer.open(AuthorizationCode.self, from: text, for: .authorizationCode)
        else { return }
        var (granted, pkce, expiry) = (code.granted, code.pkce, code.expiresAt)
        switch self {
        case .codeOfAnyClient: granted = granted.given(to: try ClaimedClient(request).ids[0])
        case .verifierNotChecked:
            pkce = nil
            edit["code_verifier"] = nil
        case .codeLivesLong: expiry = .distantFuture
        default: return
        }
        let other = AuthorizationCode(
            id: code.id, granted: granted, redirectURI: code.redirectURI, pkce: pkce, expiresAt: expiry)
        edit["code"] = try tools.sealer.seal(other, for: .authorizationCode)
    }
}

extension Granted {
    fileprivate func given(to client: Identifier<Client>) -> Granted {
        Granted(
            client: client, user: user, session: session, scope: scope, details: details, resources: resources,
            nonce: nonce,
            claims: claims, authenticatedAt: authenticatedAt, amr: amr, acr: acr)
    }
}

/// A mutable copy of a request.
struct RequestEdit {
    private let original: Request
    private var pairs: [(name: String, value: String)]
    private var isChanged = false
    var headers: HTTPFields
    var certificates: [[UInt8]]

    init(_ request: Request) {
        original = request
        headers = request.headers
        certificates = request.certificates
        pairs = request.parameters.query.split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = try? FormEncoding.decode(parts[0].utf8),
                let value = try? FormEncoding.decode(parts[1].utf8)
            else { return nil }
            return (name, value)
        }
    }

    subscript(name: String) -> String? {
        get { pairs.first { $0.name == name }?.value }
        set {
            guard newValue != self[name] else { return }
            isChanged = true
            pairs.removeAll { $0.name == name }
            if let newValue { pairs.append((name, newValue)) }
        }
    }

    mutating func challenge() {
        self["code_challenge"] = Base64URL.encode([UInt8](repeating: 1, count: 32))
        self["code_challenge_method"] = "S256"
    }

    var request: Request {
        get throws {
            guard isChanged || headers != original.headers || certificates != original.certificates else {
                return original
            }
            let text = FormEncoding.encode(pairs)
            return try Request(
                method: original.method, path: original.path, query: original.method == .post ? nil : text,
                headers: headers, body: original.method == .post ? Array(text.utf8) : [],
                remoteAddress: original.remoteAddress, certificates: certificates)
        }
    }
}

extension Optional {
    func asyncMap<Value>(_ body: (Wrapped) async throws -> Value) async throws -> Value? {
        if let self { try await body(self) } else { nil }
    }
}
