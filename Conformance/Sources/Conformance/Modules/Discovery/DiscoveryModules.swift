/// Provider metadata (OpenID Connect Discovery §4).
enum DiscoveryModules {
    static let all = [verification, logoutVerification]

    static let verification = Module("oidcc-discovery-endpoint-verification") { trial in
        let metadata = try await trial.metadata()
        let evidence = MetadataEvidence(metadata: metadata, issuer: trial.target.issuer)
        trial.check(MetadataConditions.shared, evidence)
        let keys = try await trial.send(WebRequest("GET", try metadata.endpoint("jwks_uri")))
        trial.check(KeySetConditions.shared, keys)
    }

    static let logoutVerification = Module("oidcc-rp-initiated-logout-discovery-endpoint-verification") { trial in
        let evidence = MetadataEvidence(metadata: try await trial.metadata(), issuer: trial.target.issuer)
        trial.check([MetadataConditions.isJSON, MetadataConditions.hasEndSession], evidence)
    }
}
