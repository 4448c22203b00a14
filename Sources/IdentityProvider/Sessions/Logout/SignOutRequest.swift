import JOSE

/// A validated sign-out request (OpenID Connect RP-Initiated Logout §2).
struct SignOutRequest: Codable, Sendable {
    /// Where the user is sent afterward. The URI is always one that the client registered.
    struct Return: Codable, Sendable {
        let uri: String
        let state: String?

        private enum CodingKeys: String, CodingKey {
            case uri, state
        }

        var location: String {
            guard let state else { return uri }
            return "\(uri)\(uri.contains("?") ? "&" : "?")state=\(FormEncoding.encode(state))"
        }
    }

    let client: Identifier<Client>?
    /// The user in the hint.
    let subject: Identifier<User>?
    let session: Identifier<Session>?
    let destination: Return?
    let languages: [String]
    /// The user whose session this sign-out has ended, while it continues in frames or at an upstream.
    var ended: Identifier<User>?

    private enum CodingKeys: String, CodingKey {
        case client, subject, session, destination, languages, ended
    }

    /// A sign-out that the user requests on the account page.
    init() {
        client = nil
        subject = nil
        session = nil
        destination = nil
        languages = []
    }

    /// Throws `invalid_request`, which is shown on a page: without a verified URI, nothing is redirected.
    init(_ parameters: Parameters, hint: IDTokenHint?, client: Client?) throws(OAuthError) {
        if let uri = parameters["post_logout_redirect_uri"] {
            guard let client else {
                throw .invalidRequest(
                    "post_logout_redirect_uri needs id_token_hint or client_id", reason: .returnURIUnregistered)
            }
            guard client.postLogoutRedirectURIs.contains(where: uri.isExactly) else {
                let sent = SentText(uri)
                let advice = """
                    The post_logout_redirect_uri \(sent) is not registered for the client \(client.id). Add it to \
                    post_logout_redirect_uris of the client in the resource file and run `martlet apply`. \
                    \(Unregistered.registered(client.postLogoutRedirectURIs))
                    """
                Decision.note(advice)
                throw .invalidRequest(
                    "post_logout_redirect_uri is not registered", reason: .returnURIUnregistered,
                    cause: Unregistered("post_logout_redirect_uri", sent, advice))
            }
            destination = Return(uri: uri, state: parameters["state"])
        } else {
            destination = nil
        }
        self.client = client?.id
        subject = hint?.subject
        session = hint?.session
        languages = parameters.languages
    }

    /// Returns whether the user must confirm. Without a hint for this very session, the request could come from any
    /// site (RP-Initiated Logout §2, §6).
    func needsConfirmation(by current: Session) -> Bool {
        subject != current.user || session != current.id
    }
}
