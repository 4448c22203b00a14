import FoundationEssentials
import JOSE

/// The endpoints of an upstream (OpenID Connect Discovery §3, RFC 8414 §2).
struct UpstreamMetadata: Sendable, Hashable {
    /// Compared with every `iss`. `nil` for an OAuth 2 provider whose issuer identifier is unknown.
    let issuer: String?
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let userInfoEndpoint: String?
    let emailsEndpoint: String?
    /// The JWK Set that signs ID Tokens; `nil` for OAuth 2 providers, which have none.
    let keysURI: String?
    let endSessionEndpoint: String?
    /// Whether all authorization responses have `iss` (RFC 9207 §3).
    let sendsIssuer: Bool

    init(_ listed: UpstreamEndpoints.OAuth2Endpoints) {
        issuer = listed.issuer
        authorizationEndpoint = listed.authorization
        tokenEndpoint = listed.token
        userInfoEndpoint = listed.userInfo
        emailsEndpoint = listed.emails
        keysURI = nil
        endSessionEndpoint = nil
        sendsIssuer = false
    }

    /// Reads the metadata of an OpenID Provider. Throws `UpstreamMistake`. `allowsLocal` admits `http` URLs of this
    /// machine.
    init(_ document: JSONObject, of issuer: String, allowsLocal: Bool) throws {
        // Another issuer's metadata could name endpoints that collect our codes (OpenID Connect Discovery §4.3).
        guard let named = document["issuer"]?.string, named.isExactly(issuer) else {
            let named = document["issuer"]?.string.map { SentText($0).description } ?? "missing"
            throw UpstreamMistake("the issuer in the metadata is \(named), expected exactly \(issuer)")
        }
        func endpoint(_ name: String) throws -> String? {
            guard let value = document[name], value != .null else { return nil }
            guard let url = value.string, Self.isAcceptable(url, allowsLocal: allowsLocal) else {
                throw UpstreamMistake("\(name) in the metadata of \(issuer) is not an https URL without a fragment")
            }
            return url
        }
        func required(_ name: String) throws -> String {
            guard let url = try endpoint(name) else {
                throw UpstreamMistake("\(name) is missing in the metadata of \(issuer)")
            }
            return url
        }
        self.issuer = issuer
        authorizationEndpoint = try required("authorization_endpoint")
        tokenEndpoint = try required("token_endpoint")
        keysURI = try required("jwks_uri")
        userInfoEndpoint = try endpoint("userinfo_endpoint")
        endSessionEndpoint = try endpoint("end_session_endpoint")
        emailsEndpoint = nil
        sendsIssuer = document["authorization_response_iss_parameter_supported"]?.bool == true
    }

    /// The location of the metadata (OpenID Connect Discovery §4.1).
    static func location(of issuer: String) -> String {
        "\(issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer)/.well-known/openid-configuration"
    }

    private static func isAcceptable(_ text: String, allowsLocal: Bool) -> Bool {
        guard URIText.isPlain(text), !text.contains("#"), let url = URL(string: text), let host = url.host(),
            !host.isEmpty
        else { return false }
        switch url.scheme {
        case "https": return true
        case "http": return allowsLocal && ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
        default: return false
        }
    }
}
