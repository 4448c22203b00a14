/// The properties that depend on the purpose of an interaction. No `switch` has a `default`, so that a new purpose must
/// decide each of them.
extension Interaction {
    enum Purpose: Codable, Sendable {
        case authorization(AuthorizationRequest)
        case signIn(SignInRequest)

        private enum CodingKeys: String, CodingKey { case authorization, signIn = "visit" }
        private enum AuthorizationCodingKeys: String, CodingKey { case _0 }
        private enum SignInCodingKeys: String, CodingKey { case _0 }
    }

    /// The endpoint that decides the next step.
    var path: Path {
        switch purpose {
        case .authorization: .authorization
        case .signIn: .continue
        }
    }

    var client: Identifier<Client>? {
        switch purpose {
        case .authorization(let request): request.client
        case .signIn(let request): request.client
        }
    }

    /// The requested context, which users are asked for if they can reach it (`acr_values`, an essential `acr`).
    var asked: AuthenticationContext? {
        switch purpose {
        case .authorization(let request):
            AuthenticationContext.weakest(of: request.claims?.essentialContexts ?? [])
                ?? AuthenticationContext.weakest(of: request.requestedContexts)
        case .signIn(let request): request.asked
        }
    }

    /// Returns the `acr` of the response for `session`. If the client requested essential values, it is the strongest
    /// of them that the session reaches, or `nil` if it reaches none (OpenID Connect Core §5.5.1.1).
    func context(of session: Session) -> String? {
        let wanted =
            switch purpose {
            case .authorization(let request): request.claims?.essentialContexts ?? []
            case .signIn: [String]()
            }
        guard !wanted.isEmpty else { return session.acr }
        let reached = wanted.compactMap(AuthenticationContext.init(rawValue:)).filter { $0 <= session.context }
        return reached.max()?.rawValue ?? wanted.first { $0 == session.acr }
    }

    /// Whether no page may be shown, as for `prompt=none`.
    var isSilent: Bool {
        switch purpose {
        case .authorization(let request): request.prompt == [.none]
        case .signIn: false
        }
    }

    var mustSignInAgain: Bool {
        switch purpose {
        case .authorization(let request): request.prompt.contains(.login)
        case .signIn: false
        }
    }

    /// Whether the user must choose an account (`prompt=select_account`). Signing in counts as choosing.
    var mustSelectAccount: Bool {
        switch purpose {
        case .authorization(let request): account == nil && request.prompt.contains(.selectAccount)
        case .signIn: false
        }
    }

    /// Whether the client wants the user to create an account (`prompt=create`, Initiating User Registration §4). Users
    /// who sign in instead have one already.
    var mustSignUp: Bool {
        switch purpose {
        case .authorization(let request): account == nil && request.prompt.contains(.create)
        case .signIn: false
        }
    }

    /// Whether the response goes to a client. Our own pages and proxies look at the browser's current session only.
    var isForClient: Bool {
        switch purpose {
        case .authorization: true
        case .signIn: false
        }
    }

    /// The maximum time since the sign-in, in seconds.
    var maxAge: Int? {
        switch purpose {
        case .authorization(let request): request.maxAge
        case .signIn(let request): request.maxAge
        }
    }

    /// Whether the response may be about `user`.
    func isFor(_ user: Identifier<User>) -> Bool {
        switch purpose {
        case .authorization(let request):
            let asked = request.claims?.subjects ?? []
            return request.subject ?? user == user && (asked.isEmpty || asked.contains(user.rawValue))
        case .signIn(let request): return request.user ?? user == user
        }
    }

    /// Whether the client says whom the response should be about.
    var isHinting: Bool {
        switch purpose {
        case .authorization(let request): request.namesSubject || request.loginHint != nil
        case .signIn: false
        }
    }

    /// Whether `user` is the one that the client hints at. `login_hint` counts only without a hint that is exact.
    func suits(_ user: User) -> Bool {
        switch purpose {
        case .authorization(let request):
            request.namesSubject ? isFor(user.id) : request.loginHint.map(user.isNamed) ?? true
        case .signIn: true
        }
    }

    var loginHint: String? {
        switch purpose {
        case .authorization(let request): request.loginHint
        case .signIn(let request): request.loginHint
        }
    }

    /// The upstream that the client wants the user to sign in with.
    var upstreamHint: String? {
        switch purpose {
        case .authorization(let request): request.upstreamHint
        case .signIn: nil
        }
    }

    var languages: [String] {
        switch purpose {
        case .authorization(let request): request.languages
        case .signIn(let request): request.languages
        }
    }

    var display: Display {
        switch purpose {
        case .authorization(let request): request.display
        case .signIn: .page
        }
    }

    /// The final targets of the interaction's forms, as source expressions of Content Security Policy.
    var formTargets: [String] {
        switch purpose {
        case .authorization(let request): [request.redirect.source]
        case .signIn(let request): [request.source].compactMap(\.self)
        }
    }
}

extension Interaction.Purpose {
    func with(loginHint: String?) -> Self {
        switch self {
        case .authorization(var request):
            request.loginHint = loginHint
            return .authorization(request)
        case .signIn(var request):
            request.loginHint = loginHint
            return .signIn(request)
        }
    }
}
