/// A client of a FAPI 2.0 plan in one module. It pushes its requests, and its tokens are bound to its DPoP key or its
/// certificate.
struct FAPIClient: Sendable {
    enum Position: Int { case first, second }

    let trial: Trial
    let variant: FAPIVariant
    let registration: Registration
    /// The key of client assertions and request objects.
    let signingKey: SigningKey
    /// The key of DPoP proofs. `nil` if tokens are bound to the certificate.
    var proofKey: SigningKey?
    let certificate: ClientCertificate?
    private let nonces = DPoPNonces()

    /// Throws `NotConfigured` if the target lacks what the variant needs.
    init(_ trial: Trial, _ position: Position = .first, variant: FAPIVariant? = nil) throws {
        let variant = variant ?? trial.variant.fapi ?? FAPIVariant()
        guard let clients = trial.target.fapi, clients.indices.contains(position.rawValue) else {
            throw NotConfigured(what: "the target has no \(position) client in \"fapi\"")
        }
        var registration = clients[position.rawValue]
        for (name, value) in variant.values {
            registration.clientID = registration.clientID.replacing("{\(name)}", with: value)
        }
        guard let key = registration.privateKey.flatMap(SigningKey.init) else {
            throw NotConfigured(what: "the \(position) client in \"fapi\" needs a private_key")
        }
        if variant.usesCertificate {
            guard registration.certificate != nil else {
                throw NotConfigured(what: "the \(position) client in \"fapi\" needs a certificate")
            }
            guard WebAddress(trial.target.issuer).isSecure else {
                throw NotConfigured(what: "an issuer with TLS: this variant uses client certificates")
            }
        }
        self.trial = trial
        self.variant = variant
        self.registration = registration
        signingKey = key
        proofKey = variant.constraint == .dpop ? .newP256() : nil
        certificate = variant.usesCertificate ? registration.certificate : nil
    }

    /// The address for direct requests: with a certificate, the one among `mtls_endpoint_aliases` (RFC 8705 §5).
    func endpoint(_ name: String) async throws -> WebAddress {
        let metadata = try await trial.metadata()
        guard certificate != nil, let alias = metadata["mtls_endpoint_aliases"]?[name]?.string else {
            return try metadata.endpoint(name)
        }
        return WebAddress(alias)
    }

    /// The resource that access tokens are for: userinfo, or that of the target without OpenID Connect.
    func resource() async throws -> WebAddress {
        guard variant.identity == .plainOAuth else { return try await endpoint("userinfo_endpoint") }
        guard let resource = trial.target.resource else { throw NotConfigured(what: "the target has no \"resource\"") }
        guard resource.hasPrefix("/") else { return WebAddress(resource) }
        let base = certificate == nil ? trial.target.issuer : try await endpoint("token_endpoint").origin
        return WebAddress(base + resource)
    }

    // Requests

    /// An authorization request with PKCE, as the variant has it.
    func request(scope extra: String = "") throws -> AuthorizationRequest {
        let isOpenID = variant.identity == .openIDConnect
        let base = isOpenID ? "openid" : registration.scope ?? ""
        var request = AuthorizationRequest(registration, scope: extra.isEmpty ? base : "\(base) \(extra)")
        let key = ProofKey()
        request.proofKey = key
        request["code_challenge"] = key.challenge
        request["code_challenge_method"] = "S256"
        if !isOpenID { request["nonce"] = nil }
        if variant.responseMode == .jarm { request["response_mode"] = "jwt" }
        return request
    }

    /// A direct request with the client's credentials, and with a DPoP proof unless `isProven` is false.
    func direct(_ form: [Parameter], isProven: Bool = true) -> DirectRequest {
        DirectRequest(
            form: form, assertionKey: variant.authentication == .privateKeyJWT ? signingKey : nil,
            proofKey: isProven ? proofKey : nil, certificate: certificate)
    }

    func push(_ request: AuthorizationRequest) -> PushedRequest {
        PushedRequest(
            parameters: request.parameters, objectKey: variant.requestMethod == .signed ? signingKey : nil,
            direct: direct([], isProven: false))
    }

    /// Sends a direct request. Follows one nonce challenge, with new credentials.
    func send(_ direct: DirectRequest, to name: String) async throws -> WebAnswer {
        let address = try await endpoint(name)
        return try await challenged(at: address) { nonce in
            var form = direct.form
            if direct.isAuthenticated, let key = direct.assertionKey {
                var claims = ClientAuthentication.claims(registration, trial.target.issuer)
                direct.changesAssertion(&claims)
                form += try ClientAuthentication.assertion(claims, by: key, registration.privateKey?["kid"])
            } else if form["client_id"] == nil {
                form["client_id"] = registration.clientID
            }
            var request = WebRequest.form(form, to: address)
            request.method = direct.method
            request.certificate = direct.certificate
            if let key = direct.proofKey {
                var proof = DPoPProof(direct.method, address, by: key, nonce: nonce)
                direct.changesProof(&proof)
                request.headers.append(Parameter("DPoP", try proof.signed()))
            }
            return request
        }
    }

    func send(_ pushed: PushedRequest) async throws -> WebAnswer {
        var direct = pushed.direct
        if pushed.objectKey != nil {
            direct.form =
                [
                    Parameter("client_id", registration.clientID), Parameter("request", try object(pushed)),
                ] + pushed.outside
        } else {
            direct.form = pushed.parameters + pushed.outside
        }
        return try await send(direct, to: "pushed_authorization_request_endpoint")
    }

    /// Returns the signed request object.
    func object(_ pushed: PushedRequest) throws -> String {
        var claims = RequestObject.claims(
            pushed.parameters, from: registration.clientID, to: trial.target.issuer)
        pushed.changesObject(&claims)
        var header: [String: JSON] = ["typ": "oauth-authz-req+jwt"]
        header["kid"] = registration.privateKey?["kid"]
        return try (pushed.objectKey ?? .none).sign(
            claims, header: header.merging(pushed.objectHeader) { _, given in given })
    }

    /// A call of the resource with a token of this client.
    func call(_ token: String) async throws -> ResourceCall {
        ResourceCall(
            address: try await resource(), token: token, scheme: proofKey == nil ? "Bearer" : "DPoP",
            proofKey: proofKey, certificate: certificate)
    }

    func send(_ call: ResourceCall) async throws -> WebAnswer {
        try await challenged(at: call.address) { nonce in
            var request = WebRequest(
                "GET", call.address, headers: [Parameter("Authorization", "\(call.scheme) \(call.token)")])
            request.certificate = call.certificate
            if let proofs = call.proofs {
                request.headers += proofs.map { Parameter(call.proofName, $0) }
            } else if let key = call.proofKey {
                var proof = DPoPProof("GET", call.address, by: key, token: call.token, nonce: nonce)
                call.changesProof(&proof)
                request.headers.append(Parameter(call.proofName, try proof.signed()))
            }
            return request
        }
    }

    /// The latest DPoP nonce from the origin of `address`.
    func nonce(for address: WebAddress) -> String? { nonces[address] }

    private func challenged(
        at address: WebAddress, _ request: (_ nonce: String?) throws -> WebRequest
    ) async throws -> WebAnswer {
        let answer = try await trial.send(request(nonces[address]))
        nonces.take(answer, from: address)
        guard DPoPNonces.isChallenge(answer) else { return answer }
        let second = try await trial.send(request(nonces[address]))
        nonces.take(second, from: address)
        return second
    }
}
