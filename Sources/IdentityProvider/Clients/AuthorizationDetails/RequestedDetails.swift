import JOSE

/// Checks the `authorization_details` of requests against the declared types (RFC 9396 §5).
extension ResourceCatalog {
    /// Returns the resource server that declares `type`. A type of two servers counts as unknown, because it would be
    /// unclear which of them gets a token.
    func declaration(of type: String) -> DeclaredDetailsType? {
        let found = servers.flatMap { server in
            server.authorizationDetailsTypes.filter { $0.name.isExactly(type) }
                .map { DeclaredDetailsType(server: server, type: $0) }
        }
        return found.count == 1 ? found[0] : nil
    }

    /// Returns the checked `authorization_details`; `nil` if the parameter is missing. Throws
    /// `invalid_authorization_details`.
    func details(_ parameters: Parameters, of client: Client) throws(OAuthError) -> AuthorizationDetails? {
        guard let text = parameters["authorization_details"] else { return nil }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: Array(text.utf8), maximumDepth: AuthorizationDetails.maximumDepth)
        } catch {
            throw .invalidAuthorizationDetails("authorization_details \(error.reason)", cause: error)
        }
        guard let array = json.array, !array.isEmpty else {
            throw .invalidAuthorizationDetails("authorization_details must be an array of objects")
        }
        guard array.count <= AuthorizationDetails.maximumCount,
            json.serialized().count <= AuthorizationDetails.maximumSize
        else {
            throw .invalidAuthorizationDetails(
                """
                authorization_details must have at most \(AuthorizationDetails.maximumCount) objects and \
                \(AuthorizationDetails.maximumSize) bytes
                """)
        }
        var items: [AuthorizationDetail] = []
        for (index, item) in array.enumerated() {
            items.append(try detail(item, at: "authorization_details[\(index)]", of: client))
        }
        Decision.note("The authorization details fit the declarations of their types (RFC 9396 §5).")
        return AuthorizationDetails(items)
    }

    private func detail(_ item: JSON, at path: String, of client: Client) throws(OAuthError) -> AuthorizationDetail {
        guard var members = item.object, let type = members["type"]?.string else {
            throw .invalidAuthorizationDetails("\(path) must be an object with a type")
        }
        members["type"] = nil
        let detail = AuthorizationDetail(type: type, members: members)
        guard let declared = declaration(of: type), client.mayRequest(type) else {
            throw refusal(ofType: type, at: path, to: client)
        }
        do throws(InvalidValue) { try declared.check(detail, at: path) } catch {
            Decision.note(
                "The authorization details don't fit the declaration of \(declared.type.name): \(error.reason).")
            throw .invalidAuthorizationDetails(error.reason)
        }
        return detail
    }

    /// Returns the same description whether or not the type exists.
    private func refusal(ofType type: String, at path: String, to client: Client) -> OAuthError {
        let sent = SentText(type)
        let advice = """
            The type \(sent) is not declared by exactly one resource server, or not registered for the client \
            \(client.id). Declare it in authorization_details_types of a resource server, add it to \
            authorization_details_types of the client in the resource file, and run `martlet apply`. \
            \(Unregistered.registered(client.authorizationDetailsTypes))
            """
        Decision.note(advice)
        return .invalidAuthorizationDetails(
            "\(path) has a type that is unknown or not registered for the client",
            cause: Unregistered("authorization_details", sent, advice))
    }

    /// Returns the details of a token request: those that it names, by default all of `granted` (RFC 9396 §6). Throws
    /// `invalid_authorization_details` for more than what was granted.
    func details(
        _ parameters: Parameters, within granted: AuthorizationDetails?, of client: Client
    ) throws(OAuthError) -> AuthorizationDetails? {
        guard let requested = try details(parameters, of: client) else { return granted }
        guard let granted, permits(requested, within: granted) else {
            Decision.note("The token request asks for authorization details beyond the granted ones (RFC 9396 §6).")
            throw .invalidAuthorizationDetails("authorization_details exceeds what was granted")
        }
        return requested
    }

    /// Returns those of `details` that `client` may still have and that fit the declarations of today.
    func available(_ details: AuthorizationDetails?, to client: Client) -> AuthorizationDetails? {
        guard let details else { return nil }
        return AuthorizationDetails(
            details.items.filter { detail in
                guard client.mayRequest(detail.type), let declared = declaration(of: detail.type) else { return false }
                return (try? declared.check(detail, at: "")) != nil
            })
    }

    /// Returns those of `details` whose types `servers` declare.
    func details(_ details: AuthorizationDetails?, at servers: [ResourceServer]) -> AuthorizationDetails? {
        guard let details else { return nil }
        return AuthorizationDetails(
            details.items.filter { detail in
                guard let owner = declaration(of: detail.type)?.server else { return false }
                return servers.contains { $0.identifier == owner.identifier }
            })
    }
}

/// A type with the resource server that declares it.
struct DeclaredDetailsType: Sendable {
    let server: ResourceServer
    let type: AuthorizationDetailsType

    func check(_ detail: AuthorizationDetail, at path: String) throws(InvalidValue) {
        try type.schema.check(.object(detail.members), at: path)
        // A token for other servers would need one of their scopes or types.
        for (index, location) in (detail.members["locations"]?.array ?? []).enumerated()
        where location.string?.isExactly(server.identifier) != true {
            throw InvalidValue("\(path).locations[\(index)] must be the resource server that declares the type")
        }
    }
}

extension Client {
    /// Whether the client registered the type (RFC 9396 §10).
    fileprivate func mayRequest(_ type: String) -> Bool {
        authorizationDetailsTypes.contains(where: type.isExactly)
    }

    /// Whether the client registered all types of `details`.
    func mayRequest(_ details: AuthorizationDetails?) -> Bool { details?.types.allSatisfy(mayRequest) ?? true }
}

extension OAuthError {
    /// RFC 9396 §5.
    static func invalidAuthorizationDetails(_ description: String, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(code: .invalidAuthorizationDetails, description: description, cause: cause)
    }
}
