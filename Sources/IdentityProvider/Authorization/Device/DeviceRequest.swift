import FoundationEssentials

/// What a device asks for (RFC 8628 §3.1), already checked. Stored sealed.
struct DeviceRequest: Codable, Sendable {
    /// The identifier that it is stored under. A row that was copied to another one doesn't count.
    let id: String
    /// Ties the row to the code that the device shows: a row whose `user_code` was replaced doesn't count either.
    let userCode: String
    let client: Identifier<Client>
    let scope: Scope
    var details: AuthorizationDetails?
    let resources: [String]
    /// The thumbprint of the DPoP key that the device must prove to have when it redeems its code.
    let dpopKey: String?
    /// The identifier of the authorization that redeeming the device code creates. A second redemption finds it taken,
    /// whatever has become of the row.
    let authorization: Identifier<Authorization>
    /// The address and user agent of the device, for its user to recognize.
    let address: String
    let userAgent: String
    let startedAt: Date
    let expiresAt: Date

    private enum CodingKeys: String, CodingKey {
        case id, userCode, client, scope, details, resources, dpopKey, authorization, address, userAgent, startedAt,
            expiresAt
    }

    /// Whether the client's registration, which may have changed since, still allows the request.
    func isPossible(for client: Client) -> Bool {
        client.grantTypes.contains(.deviceCode) && scope.isSubset(of: client.scope)
            && client.mayRequest(details)
    }
}

extension DeviceRequest: Digested {
    static let digestLabel = "DeviceCode"
}

/// A user's answer to a device's request. Stored sealed, so that nobody who can write to the database can give one.
struct DeviceAnswer: Codable, Sendable {
    /// The identifier of the request that it answers. An answer copied from another request doesn't count.
    let request: String
    /// `nil` if the user denied the request.
    let granted: Granted?

    private enum CodingKeys: String, CodingKey { case request, granted }
}
