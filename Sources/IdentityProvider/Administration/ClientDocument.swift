package import JOSE

/// A client as described in a resource file: its metadata and, separately, its secret.
package struct ClientDocument: Sendable {
    package let client: Client
    package let secret: String?

    package init(_ document: JSONObject) throws(InvalidDocument) {
        var metadata = document
        metadata["client_secret"] = nil
        let unsupported = Self.unsupportedGrantTypes(document)
        do throws(InvalidDocument) { client = try Client(metadata) } catch {
            throw InvalidDocument(unsupported + error.problems)
        }
        guard unsupported.isEmpty else { throw InvalidDocument(unsupported) }
        secret = document["client_secret"]?.string
        if let reason = Self.mistake(secret, document["client_secret"], of: client) {
            throw InvalidDocument([.init(member: "client_secret", reason: reason)])
        }
    }

    /// Checked here because `Client` does not depend on the grants.
    private static func unsupportedGrantTypes(_ document: JSONObject) -> [InvalidDocument.Problem] {
        let supported = Grants.types.map(\.rawValue)
        return (document["grant_types"]?.array ?? []).enumerated().compactMap { index, type in
            guard let name = type.string, !supported.contains(name) else { return nil }
            return .init(
                member: "grant_types[\(index)]", reason: "must be one of \(supported.joined(separator: ", "))")
        }
    }

    private static func mistake(_ secret: String?, _ member: JSON?, of client: Client) -> String? {
        let method = client.authenticationMethod
        guard let rule = method.secret else {
            return member == nil ? nil : "is not used with token_endpoint_auth_method \(method.name)"
        }
        guard let secret else { return member == nil ? "is missing" : "must be a string" }
        guard secret.utf8.count >= rule.minimumLength else {
            return
                "must have at least \(rule.minimumLength) characters, such as the output of `openssl rand -base64 32`"
        }
        return secret.utf8.allSatisfy { (0x20...0x7E).contains($0) } ? nil : "must be printable ASCII (RFC 6749 §A.2)"
    }
}
