import FoundationEssentials
import HTTPTypes
import JOSE

/// How a request says which client it comes from (RFC 6749 §2.3, RFC 7523 §2.2).
enum ClientCredential: Sendable {
    case basic(Identifier<Client>, secret: String)
    case post(Identifier<Client>, secret: String)
    case assertion(Identifier<Client>, String)
    case none(Identifier<Client>)

    var client: Identifier<Client> {
        switch self {
        case .basic(let client, _), .post(let client, _), .assertion(let client, _), .none(let client): client
        }
    }

    /// What shows that it comes from the client; `nil` where nothing does, as with public clients.
    var proof: String? {
        switch self {
        case .basic(_, let secret), .post(_, let secret): secret
        case .assertion(_, let assertion): assertion
        case .none: nil
        }
    }

    /// Throws `invalid_request` when a request uses more than one way (RFC 6749 §2.3), `invalid_client` when none.
    init(_ request: Request) throws(OAuthError) {
        let parameters = request.parameters
        let claimed = parameters["client_id"].map(Identifier<Client>.init)
        let basic = try Self.basic(request.headers)
        let secret = parameters["client_secret"]
        let assertion = parameters["client_assertion"]
        guard [basic != nil, secret != nil, assertion != nil].count(where: { $0 }) <= 1 else {
            throw .invalidRequest("the client must authenticate in one way only")
        }
        if let basic {
            self = basic
        } else if let assertion {
            guard parameters["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" else {
                throw .invalidRequest("client_assertion_type is not jwt-bearer")
            }
            guard let subject = try? JWT.unverifiedClaims(of: assertion)["sub"]?.string else { throw .invalidClient() }
            self = .assertion(Identifier(rawValue: subject), assertion)
        } else if let claimed {
            self = secret.map { .post(claimed, secret: $0) } ?? .none(claimed)
        } else {
            throw .invalidClient()
        }
        guard claimed == nil || claimed == client else {
            throw .invalidRequest("client_id is not the client that authenticates")
        }
    }

    /// Both parts are form-encoded before they are put together (RFC 6749 §2.3.1).
    private static func basic(_ headers: HTTPFields) throws(OAuthError) -> ClientCredential? {
        guard let credentials = headers[.authorization].flatMap(AuthenticationScheme.basic.credentials) else {
            return nil
        }
        guard let data = Data(base64Encoded: credentials), let colon = data.firstIndex(of: UInt8(ascii: ":"))
        else { throw .invalidClient(scheme: .basic) }
        do {
            let client = try FormEncoding.decode(data[..<colon])
            let secret = try FormEncoding.decode(data[(colon + 1)...])
            return .basic(Identifier(rawValue: client), secret: secret)
        } catch {
            throw .invalidClient(scheme: .basic)
        }
    }
}

extension OAuthError {
    /// One answer for an unknown client, a wrong secret and a wrong method, with a challenge where the client used
    /// the `Authorization` field (RFC 6749 §5.2).
    static func invalidClient(scheme: AuthenticationScheme? = nil, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(
            code: .invalidClient, description: "client authentication failed",
            headers: scheme.map { [.wwwAuthenticate: $0.challenge()] } ?? [:], cause: cause)
    }
}
