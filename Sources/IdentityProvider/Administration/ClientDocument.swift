package import JOSE

/// A client as described in a resource file: its metadata and, separately, its secret.
package struct ClientDocument: Sendable {
    /// The secret, or the hash of one that the file doesn't contain.
    package enum Secret: Sendable, Equatable {
        case plain(String)
        /// `sha256:` and 64 hexadecimal digits.
        case hash(String)

        /// The form of `client_secret_digest`.
        var hash: String {
            switch self {
            case .plain(let text): HashedClientSecret.text(of: text)
            case .hash(let text): text
            }
        }
    }

    package let client: Client
    package let secret: Secret?

    /// The members that belong to one client and are not metadata.
    static let secretMembers = ["client_secret", "client_secret_digest"]

    package init(_ document: JSONObject) throws(InvalidDocument) {
        var metadata = document
        for name in Self.secretMembers { metadata[name] = nil }
        var problems = Self.unsupportedGrantTypes(document)
        var secret: Secret?
        do throws(InvalidValue) { secret = try Self.secret(document) } catch {
            let member = document["client_secret_digest"] == nil ? "client_secret" : "client_secret_digest"
            problems.append(.init(member: member, reason: error.reason))
        }
        do throws(InvalidDocument) { client = try Client(metadata) } catch {
            throw InvalidDocument(problems + error.problems)
        }
        guard problems.isEmpty else { throw InvalidDocument(problems) }
        self.secret = secret
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

    private static func secret(_ document: JSONObject) throws(InvalidValue) -> Secret? {
        let (secret, digest) = (document["client_secret"], document["client_secret_digest"])
        // An unknown method is reported with the metadata.
        guard let method = authenticationMethod(document) else { return nil }
        guard let rule = method.secret else {
            guard secret == nil, digest == nil else {
                throw InvalidValue("is not used with token_endpoint_auth_method \(method.name)")
            }
            return nil
        }
        guard let digest else { return .plain(try plain(secret, rule)) }
        guard secret == nil else { throw InvalidValue("cannot be combined with client_secret") }
        guard !rule.isSealed else {
            throw InvalidValue("cannot be used with \(method.name), which needs the secret itself")
        }
        guard let text = digest.string else { throw InvalidValue("must be a string") }
        return .hash(try HashedClientSecret.checked(text))
    }

    private static func authenticationMethod(_ document: JSONObject) -> (any ClientAuthenticationMethod.Type)? {
        guard let name = document["token_endpoint_auth_method"] else { return ClientSecretBasic.self }
        return name.string.flatMap { try? ClientAuthentication.method(registered: $0) }
    }

    private static func plain(_ secret: JSON?, _ rule: ClientSecretRule) throws(InvalidValue) -> String {
        guard let secret else {
            throw InvalidValue(
                """
                is missing; add one, such as the output of `openssl rand -hex 32`, or set token_endpoint_auth_method: none \
                for an app on the user's device, which can't keep a secret
                """)
        }
        guard let text = secret.string else { throw InvalidValue("must be a string") }
        guard text.utf8.count >= rule.minimumLength else {
            throw InvalidValue(
                "must have at least \(rule.minimumLength) characters, such as the output of `openssl rand -hex 32`")
        }
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw InvalidValue("must be printable ASCII (RFC 6749 §A.2)")
        }
        return text
    }
}

extension ClientDocument {
    /// A warning about a secret that form-encoding changes. Doesn't show any of its characters.
    var warning: String? {
        guard client.authenticationMethod == ClientSecretBasic.self, case .plain(let secret) = secret,
            FormEncoding.encode(secret) != secret
        else { return nil }
        return """
            client \(client.id): its client_secret has characters that form-encoding changes (RFC 6749 §2.3.1). Martlet \
            accepts it encoded or not, but not all software does; the output of `openssl rand -hex 32` has no such \
            characters
            """
    }
}
