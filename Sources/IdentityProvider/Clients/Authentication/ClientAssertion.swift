import JOSE

/// The `client_assertion` parameter (RFC 7523 §2.2).
struct ClientAssertion: ClientCredential {
    static let place = "client_assertion"
    private static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    let text: String
    private let type: String?
    var proof: String? { text }

    init?(_ request: Request) {
        guard let text = request.parameters[Self.place] else { return nil }
        self.text = text
        type = request.parameters["client_assertion_type"]
    }

    /// The `sub` claim (RFC 7523 §3).
    var clients: [Identifier<Client>] {
        get throws(OAuthError) {
            guard type == Self.type else { throw .invalidRequest("client_assertion_type must be \(Self.type)") }
            guard let subject = try? JWT.unverifiedClaims(of: text)["sub"]?.string else { throw .invalidClient() }
            return [Identifier(rawValue: subject)]
        }
    }
}
