import FoundationEssentials
import JOSE

/// Where the endpoints of an upstream come from.
enum UpstreamEndpoints: Sendable, Hashable {
    /// From the metadata of an OpenID Provider (OpenID Connect Discovery §4). The issuer is compared exactly.
    case discovered(issuer: String)
    /// From the resource file, for OAuth 2 providers without ID Tokens.
    case listed(OAuth2Endpoints)

    /// The endpoints of an OAuth 2 provider.
    struct OAuth2Endpoints: Sendable, Hashable {
        let authorization: String
        let token: String
        /// Returns the claims of the user who owns the access token, as JSON.
        let userInfo: String
        /// Returns the user's email addresses as a list of objects with `email`, `primary` and `verified`.
        let emails: String?
        /// Compared with the `iss` of authorization responses, if they have one (RFC 9207 §2.4).
        let issuer: String?
    }

    /// Whether an endpoint is on this machine, without TLS.
    var isLocal: Bool {
        switch self {
        case .discovered(let issuer): issuer.hasPrefix("http://")
        case .listed(let endpoints):
            [endpoints.authorization, endpoints.token, endpoints.userInfo, endpoints.emails].contains {
                $0?.hasPrefix("http://") == true
            }
        }
    }

    private static let listed = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"]

    init(_ reader: inout DocumentReader) {
        let issuer = reader.webURL("issuer")
        let (authorization, token) = (reader.webURL("authorization_endpoint"), reader.webURL("token_endpoint"))
        let (userInfo, emails) = (reader.webURL("userinfo_endpoint"), reader.webURL("emails_endpoint"))
        let isReported = (["issuer"] + Self.listed).contains { reader.hasProblem(in: $0) }
        guard let authorization, let token, let userInfo else {
            self = .discovered(issuer: issuer ?? "")
            guard !isReported else { return }
            if authorization != nil || token != nil || userInfo != nil {
                reader.report(
                    "token_endpoint",
                    "needs \(Self.listed.joined(separator: ", ")) together; leave them out to use the metadata of the issuer"
                )
            } else if issuer == nil {
                reader.report(
                    "issuer",
                    "is missing; an OAuth 2 provider without ID Tokens has \(Self.listed.joined(separator: ", ")) instead"
                )
            } else if emails != nil {
                reader.report("emails_endpoint", "is only for OAuth 2 providers without ID Tokens; remove it")
            }
            return
        }
        self = .listed(
            OAuth2Endpoints(
                authorization: authorization, token: token, userInfo: userInfo, emails: emails, issuer: issuer))
    }
}
