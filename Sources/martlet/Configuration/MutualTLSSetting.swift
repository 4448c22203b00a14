import FoundationEssentials
import IdentityProvider
import Server

/// How clients present certificates, from the settings `tls.mutual`.
struct MutualTLSSetting {
    let mutualTLS: MutualTLS
    /// `nil` if only proxies ask clients for certificates.
    let address: ServerSettings.Address?
    /// `nil` if proxies pass none.
    let field: CertificateField?
    /// `nil` if clients can register only self-signed certificates.
    let authorities: ClientAuthorityFile?

    /// Returns `nil` if clients can't present certificates.
    init?(_ values: inout SettingValues, issuers: [Issuer]) {
        guard values.isSet(.tlsMutualListen) || values.isSet(.tlsMutualProxyHeader) else {
            for setting in [Setting.tlsMutualClientCA, .tlsMutualURL] where values.isSet(setting) {
                values.report(
                    setting, "requires \(Setting.tlsMutualListen.rawValue) or \(Setting.tlsMutualProxyHeader.rawValue)")
            }
            return nil
        }
        address = Self.address(&values)
        authorities = Self.authorities(&values)
        let origin = Self.origin(&values, issuers)
        field = Self.field(&values, at: origin, issuers)
        let place: MutualTLS.Place =
            if let origin { .origin(origin) } else if case .host(_, let port)? = address {
                .port(port)
            } else {
                // Something is missing, which was reported.
                .port(443)
            }
        mutualTLS = MutualTLS(at: place, trusting: authorities?.authorities)
    }

    private static func address(_ values: inout SettingValues) -> ServerSettings.Address? {
        guard let text = values.text(.tlsMutualListen) else { return nil }
        if !values.isSet(.tlsCertificate) {
            values.report(.tlsMutualListen, "requires \(Setting.tlsCertificate.rawValue)")
        }
        guard let address = Configuration.address(text), case .host(_, let port) = address else {
            values.report(.tlsMutualListen, "must be HOST:PORT, such as 0.0.0.0:8443")
            return nil
        }
        if port == 0, !values.isSet(.tlsMutualURL) {
            values.report(.tlsMutualListen, "must name the port, because the server metadata does")
        }
        return address
    }

    private static func field(
        _ values: inout SettingValues, at origin: String?, _ issuers: [Issuer]
    ) -> CertificateField? {
        guard let text = values.text(.tlsMutualProxyHeader) else { return nil }
        if values.list(.trustedProxies).isEmpty {
            values.report(
                .tlsMutualProxyHeader, "requires \(Setting.trustedProxies.rawValue): anyone else could send the field")
        }
        guard values.isSet(.tlsMutualURL) else {
            values.report(
                .tlsMutualProxyHeader,
                "requires \(Setting.tlsMutualURL.rawValue): give clients with certificates a host or port of their own, "
                    + "where the proxy replaces the field")
            return nil
        }
        guard let origin else { return nil }
        // Whatever the scheme, because the field is known by its host.
        for issuer in issuers where issuer.origin.drop(while: { $0 != ":" }) == origin.drop(while: { $0 != ":" }) {
            values.report(
                .tlsMutualURL,
                "must differ from \(issuer.identifier), because of \(Setting.tlsMutualProxyHeader.rawValue): give clients "
                    + "with certificates a host or port of their own, where the proxy replaces the field")
        }
        do { return try CertificateField(text, at: origin) } catch {
            values.report(.tlsMutualProxyHeader, error.reason)
        }
        return nil
    }

    private static func authorities(_ values: inout SettingValues) -> ClientAuthorityFile? {
        guard let path = values.text(.tlsMutualClientCA) else { return nil }
        do { return try ClientAuthorityFile(path) } catch { values.report(.tlsMutualClientCA, error.reason) }
        return nil
    }

    private static func origin(_ values: inout SettingValues, _ issuers: [Issuer]) -> String? {
        guard let text = values.text(.tlsMutualURL) else { return nil }
        guard let url = try? Issuer(text), url.isSecure, url.path.isEmpty else {
            values.report(.tlsMutualURL, "must be https://HOST or https://HOST:PORT, without a path")
            return nil
        }
        for (index, issuer) in issuers.enumerated() {
            guard let other = issuers[..<index].first(where: { $0.path == issuer.path }) else { continue }
            values.report(
                .tlsMutualURL,
                "would be the same for \(other.identifier) and \(issuer.identifier); give each issuer a path of its own, "
                    + "or leave the setting out")
        }
        return url.origin
    }
}
