import FoundationEssentials
import HTTPTypes

/// The secret in the `Authorization` field (RFC 6749 §2.3.1).
struct ClientSecretBasic: ClientAuthenticationMethod {
    static let name = "client_secret_basic"
    static let secret: ClientSecretRule? = .compared
    private let secrets: ClientSecretVerifier

    init(_ core: Core) { secrets = ClientSecretVerifier(core) }

    func verify(_ credential: BasicCredential, of client: Client, in request: Request) async throws(ClientRefusal) {
        try await secrets.verify(credential.secret, of: client)
    }
}

/// The credentials of the `Basic` scheme (RFC 7617).
struct BasicCredential: ClientCredential {
    static let place = "Authorization"
    static let scheme: AuthenticationScheme? = .basic
    let client: Identifier<Client>?
    let secret: String
    var proof: String? { secret }

    /// Throws `invalid_client` if the credentials can't be decoded.
    init?(_ request: Request) throws(OAuthError) {
        guard let text = request.headers[.authorization].flatMap(AuthenticationScheme.basic.credentials) else {
            return nil
        }
        guard let data = Data(base64Encoded: text), let colon = data.firstIndex(of: UInt8(ascii: ":"))
        else { throw .invalidClient(scheme: .basic) }
        do {
            // Both parts are form-encoded before they are joined (RFC 6749 §2.3.1).
            client = Identifier(rawValue: try FormEncoding.decode(data[..<colon]))
            secret = try FormEncoding.decode(data[(colon + 1)...])
        } catch {
            throw .invalidClient(scheme: .basic)
        }
    }
}
