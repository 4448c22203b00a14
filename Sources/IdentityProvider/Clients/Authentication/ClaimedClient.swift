import Crypto
import JOSE

/// The client that a request claims to come from, with its credential. Nothing is verified yet.
struct ClaimedClient: Sendable {
    /// The clients that the request may come from, in order of precedence. There are two only if the credential can be
    /// read in two ways.
    let ids: [Identifier<Client>]
    let credential: any ClientCredential
    private let certificate: [UInt8]?

    /// Throws `invalid_request` if the request authenticates in more than one way, `invalid_client` unless it names
    /// exactly one client.
    init(_ request: Request) throws(OAuthError) {
        certificate = request.certificates.first
        var carried: [any ClientCredential] = []
        for method in ClientAuthentication.methods {
            if let credential = try method.credential(in: request) { carried.append(credential) }
        }
        // A client must not use more than one authentication method per request (RFC 6749 §2.3).
        guard carried.allSatisfy({ type(of: $0).place == type(of: carried[0]).place }) else {
            throw .invalidRequest("the client must use only one authentication method per request")
        }
        credential = carried.first ?? NoCredential()
        let parameter = request.parameters["client_id"].map(Identifier<Client>.init)
        let named = try credential.clients
        guard !named.isEmpty || parameter != nil else { throw .invalidClient() }
        ids = parameter.map { named.isEmpty || named.contains($0) ? [$0] : [] } ?? named
        guard !ids.isEmpty else {
            Decision.note("client_id does not match the client in the credentials.")
            throw .invalidClient(scheme: type(of: credential).scheme)
        }
    }

    /// What an attacker could try instead of the client's: the credential, otherwise a digest of the certificate.
    var proof: String? {
        credential.proof ?? certificate.map { Base64URL.encode(Array(SHA256.hash(data: $0))) }
    }
}
