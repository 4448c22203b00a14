package import Authenticators
import JOSE
import Synchronization

/// How clients present certificates (RFC 8705). Only clients are asked for one: a browser would show its user a dialog.
package struct MutualTLS: Sendable {
    package enum Place: Hashable, Sendable {
        /// The issuer's host at the port of the listener for certificates.
        case port(Int)
        /// An origin, such as `https://mtls.example.com`.
        case origin(String)
    }

    package let place: Place
    private let authorities: ClientAuthorities?

    /// Without `authorities`, only self-signed certificates are accepted.
    package init(at place: Place, trusting authorities: ClientAuthorities? = nil) {
        self.place = place
        self.authorities = authorities
    }

    /// `nil` if no certificate authority is trusted.
    package var trustAnchors: TrustAnchors? { authorities?.anchors }

    /// Returns the URL at which clients present certificates (RFC 8705 §5).
    package func url(_ path: Path, of issuer: Issuer) -> String { origin(of: issuer) + issuer.reference(path) }

    /// Returns the origin at which clients present certificates for `issuer`.
    package func origin(of issuer: Issuer) -> String {
        switch place {
        case .origin(let origin): return origin
        case .port(let port):
            // An IPv6 address needs brackets (RFC 3986 §3.2.2).
            let host = issuer.host.contains(":") && !issuer.host.hasPrefix("[") ? "[\(issuer.host)]" : issuer.host
            return port == 443 ? "https://\(host)" : "https://\(host):\(port)"
        }
    }
}

extension MutualTLS {
    /// The endpoints that clients call themselves, not through a browser.
    private static let aliased = [
        "token_endpoint", "revocation_endpoint", "introspection_endpoint", "userinfo_endpoint",
        "pushed_authorization_request_endpoint", "device_authorization_endpoint", "backchannel_authentication_endpoint",
    ]

    /// Adds the members of RFC 8705 §3.3 and §5.
    func describe(in metadata: inout ServerMetadata, of issuer: Issuer) {
        metadata["tls_client_certificate_bound_access_tokens"] = true
        let base = origin(of: issuer) + issuer.path
        guard base != issuer.identifier else { return }
        var aliases: JSONObject = [:]
        for name in Self.aliased {
            guard let url = metadata[name]?.string else { continue }
            aliases[name] = .string(base + url.dropFirst(issuer.identifier.count))
        }
        metadata["mtls_endpoint_aliases"] = .object(aliases)
    }
}

/// The certificate authorities that vouch for clients. They change with their file, without a restart.
package final class ClientAuthorities: Sendable {
    private let current: Mutex<TrustAnchors>

    package init(_ anchors: TrustAnchors) { current = Mutex(anchors) }

    package var anchors: TrustAnchors { current.withLock { $0 } }
    package func replace(with anchors: TrustAnchors) { current.withLock { $0 = anchors } }
}
