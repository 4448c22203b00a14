/// A request of a client to an endpoint of the provider, with its credentials. Modules change its parts.
struct DirectRequest: Sendable {
    var method = "POST"
    var form: [Parameter]
    /// Whether the client authenticates at all.
    var isAuthenticated = true
    /// The key of the client assertion. `nil` for a client that authenticates with its certificate.
    var assertionKey: SigningKey?
    var changesAssertion: @Sendable (inout [String: JSON]) -> Void = { _ in }
    /// The key of the DPoP proof. `nil` for a request without a proof.
    var proofKey: SigningKey?
    var changesProof: @Sendable (inout DPoPProof) -> Void = { _ in }
    var certificate: ClientCertificate?
}

/// A pushed authorization request (RFC 9126 §2.1). Modules change its parts.
struct PushedRequest: Sendable {
    /// The parameters, in the form or in the signed object.
    var parameters: [Parameter]
    /// The key of the request object. `nil` for an unsigned request.
    var objectKey: SigningKey?
    var objectHeader: [String: JSON] = [:]
    var changesObject: @Sendable (inout [String: JSON]) -> Void = { _ in }
    /// Parameters beside the object, which are not part of the request.
    var outside: [Parameter] = []
    var direct: DirectRequest
}

/// A request to a protected resource. Modules change its parts.
struct ResourceCall: Sendable {
    var address: WebAddress
    var token: String
    /// The scheme of the `Authorization` field.
    var scheme: String
    var proofKey: SigningKey?
    var changesProof: @Sendable (inout DPoPProof) -> Void = { _ in }
    /// The values of the `DPoP` fields instead of a signed proof.
    var proofs: [String]?
    var proofName = "DPoP"
    var certificate: ClientCertificate?
}
