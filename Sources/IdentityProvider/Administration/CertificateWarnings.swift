extension ResourceSet {
    /// Warns about clients that can't authenticate, because the settings don't let them present certificates.
    func certificateWarnings(_ mutualTLS: MutualTLS?) -> [ResourceProblem] {
        zip(places["clients"] ?? [], clients).compactMap { place, document in
            let (client, method) = (document.client, document.client.authenticationMethod)
            guard !method.isOffered(with: mutualTLS) else { return nil }
            let needed =
                mutualTLS == nil
                ? "tls.mutual.listen or tls.mutual.proxy_header" : "tls.mutual.client_ca"
            return ResourceProblem(
                place: place.member("token_endpoint_auth_method"),
                reason: "client \(client.id) can't authenticate: \(method.name) needs the setting \(needed)")
        }
    }
}
