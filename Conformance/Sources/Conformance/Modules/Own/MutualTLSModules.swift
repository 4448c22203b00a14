/// Mutual TLS beyond the FAPI 2.0 plans (RFC 8705).
enum MutualTLSModules {
    static let all = [otherCertificate, withoutCertificate, boundToken, introspection, aliases]

    private static func client(
        _ trial: Trial, _ position: FAPIClient.Position = .first, _ authentication: FAPIVariant.ClientAuthentication,
        _ identity: FAPIVariant.Identity = .openIDConnect
    ) throws -> FAPIClient {
        guard WebAddress(trial.target.issuer).isSecure else {
            throw Skip(reason: "the issuer has no TLS, so there are no client certificates")
        }
        return try FAPIClient(trial, position, variant: FAPIVariant(authentication, .mtls, identity))
    }

    /// The certificate decides who the client is, in both directions: first with a CA, second self-signed.
    static let otherCertificate = Module("martlet-mtls-certificate-of-another-client", ["RFC8705-002", "RFC8705-004"]) {
        trial in
        let first = try client(trial, .first, .mtls)
        let second = try client(trial, .second, .mtls)
        for (owner, other) in [(first, second), (second, first)] {
            var pushed = owner.push(try owner.request())
            pushed.direct.certificate = other.certificate
            trial.check(
                TokenErrorConditions.refusal(["invalid_client"], "RFC 8705 §2"), try await owner.send(pushed))
            _ = try await owner.requestURI(for: owner.request())
        }
    }

    static let withoutCertificate = Module("martlet-mtls-without-certificate", ["RFC8705-001", "RFC8705-002"]) {
        trial in
        let client = try client(trial, .first, .mtls)
        var pushed = client.push(try client.request())
        pushed.direct.certificate = nil
        do {
            let answer = try await client.send(pushed)
            trial.check(TokenErrorConditions.refusal(["invalid_client"], "RFC 8705 §2"), answer)
        } catch let error as Misbehaviour {
            trial.check(FAPICodeModules.refusesConnection, error.what)
        }
    }

    /// A stolen token is useless without the private key of the certificate.
    static let boundToken = Module("martlet-mtls-bound-token", ["RFC8705-005", "RFC8705-006", "RFC8705-009"]) { trial in
        let client = try client(trial, .first, .privateKeyJWT)
        let other = try FAPIClient(trial, .second, variant: client.variant).certificate
        let grant = try await client.signIn()
        try await client.useResource(grant)
        for certificate in [other, nil] {
            var call = try await client.call(grant.accessToken)
            call.certificate = certificate
            do {
                trial.check([ErrorModules.isUnauthorized, BearerConditions.saysInvalid], try await client.send(call))
            } catch let error as Misbehaviour {
                trial.check(FAPICodeModules.refusesConnection, error.what)
            }
        }
        // At the endpoint that asks for no certificate.
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let plain = try await trial.send(WebRequest("GET", endpoint, headers: [Trial.bearer(grant.accessToken)]))
        trial.check(ErrorModules.isUnauthorized, plain)
        try await client.useResource(grant)
    }

    static let introspection = Module("martlet-mtls-introspection", ["RFC8705-007", "RFC8705-006"]) { trial in
        let client = try client(trial, .first, .privateKeyJWT, .plainOAuth)
        let grant = try await client.signIn()
        let answer = try await TokenStateModules.introspect(
            grant.accessToken, as: trial.registration(.api), trial)
        trial.check(TokenStateModules.isActive, answer)
        trial.check(DPoPModules.confirms(client.certificate?.thumbprint ?? "", "x5t#S256"), answer)
    }

    static let aliases = Module("martlet-mtls-metadata-is-true", ["RFC8705-008", "RFC8705-011"]) { trial in
        _ = try client(trial, .first, .mtls)
        let metadata = try await trial.metadata()
        let evidence = MetadataEvidence(metadata: metadata, issuer: trial.target.issuer)
        trial.check([FAPIMetadataConditions.bindsToCertificates, FAPIMetadataConditions.hasUsableAliases], evidence)
        for (_, alias) in metadata["mtls_endpoint_aliases"]?.object ?? [:] {
            let answer = try await trial.send(WebRequest("GET", WebAddress(alias.string ?? "")))
            trial.check(MetadataModules.exists, answer)
        }
    }
}
