package import JOSE

/// An upstream as described in a resource file: its document and, separately, its secret.
package struct UpstreamDocument: Sendable {
    package let upstream: Upstream
    /// The client secret, or the private key in PEM form.
    package let secret: String

    package init(_ document: JSONObject) throws(InvalidDocument) {
        var open = document
        for name in Upstream.secretMembers { open[name] = nil }
        var problems: [InvalidDocument.Problem] = []
        var upstream: Upstream?
        do throws(InvalidDocument) { upstream = try Upstream(open) } catch { problems = error.problems }
        var secret = ""
        if let authentication = upstream?.authentication {
            do throws(InvalidDocument) { secret = try Self.secret(document, for: authentication) } catch {
                problems += error.problems
            }
        }
        guard let upstream, problems.isEmpty else { throw InvalidDocument(problems) }
        self.upstream = upstream
        self.secret = secret
    }

    private static func secret(
        _ document: JSONObject, for authentication: UpstreamAuthentication
    ) throws(InvalidDocument) -> String {
        var reader = DocumentReader(document)
        let member = authentication.secretMember
        for other in Upstream.secretMembers where other != member {
            reader.refuse(other, "is not used with this token_endpoint_auth_method; remove it")
        }
        if document[member] == nil {
            reader.report(member, "is missing; add it, or the path of its file as \(member)_file")
        }
        let secret = reader.value(member) { text throws(InvalidValue) in
            guard !text.isEmpty else { throw InvalidValue("must not be empty") }
            do throws(JWKError) { try authentication.check(text) } catch { throw InvalidValue(error.reason) }
            return text
        }
        try reader.finish()
        return secret ?? ""
    }
}

extension UpstreamAuthentication {
    /// Throws if `secret` is not a private key although the method needs one.
    fileprivate func check(_ secret: String) throws(JWKError) {
        switch self {
        case .secretBasic, .secretPost: break
        case .privateKeyJWT(let algorithm, _, _): _ = try PrivateKey(pem: secret, for: algorithm)
        case .apple: _ = try PrivateKey(pem: secret, for: .es256)
        }
    }
}
