/// What both purposes of an interaction say to the steps.
extension Interaction {
    /// The endpoint that knows the next step.
    var path: String {
        switch purpose {
        case .authorization: "/authorize"
        case .visit: "/continue"
        }
    }

    var client: Identifier<Client>? {
        switch purpose {
        case .authorization(let request): request.client
        case .visit(let visit): visit.client
        }
    }

    /// What the client would have, if the person can show it (`acr_values`, an essential `acr`).
    var asked: AuthenticationContext? {
        switch purpose {
        case .authorization(let request):
            AuthenticationContext.weakest(of: request.claims?.essentialContexts ?? [])
                ?? AuthenticationContext.weakest(of: request.requestedContexts)
        case .visit(let visit): visit.asked
        }
    }

    /// The `acr` that `session` is answered with: of the values that were asked for as essential the strongest that it
    /// reaches, `nil` when it reaches none of them (OpenID Connect Core §5.5.1.1).
    func context(of session: Session) -> String? {
        guard case .authorization(let request) = purpose, let wanted = request.claims?.essentialContexts,
            !wanted.isEmpty
        else { return session.acr }
        let reached = wanted.compactMap(AuthenticationContext.init(rawValue:)).filter { $0 <= session.context }
        return reached.max()?.rawValue ?? wanted.first { $0 == session.acr }
    }

    var isSilent: Bool {
        guard case .authorization(let request) = purpose else { return false }
        return request.prompt == [.none]
    }

    var mustSignInAgain: Bool {
        guard case .authorization(let request) = purpose else { return false }
        return !request.prompt.isDisjoint(with: [.login, .selectAccount])
    }

    /// Seconds.
    var maxAge: Int? {
        switch purpose {
        case .authorization(let request): request.maxAge
        case .visit(let visit): visit.maxAge
        }
    }

    /// Whether `user` may be answered for.
    func isFor(_ user: Identifier<User>) -> Bool {
        switch purpose {
        case .authorization(let request):
            let asked = request.claims?.subjects ?? []
            return request.subject ?? user == user && (asked.isEmpty || asked.contains(user.rawValue))
        case .visit(let visit): return visit.user ?? user == user
        }
    }

    var loginHint: String? {
        switch purpose {
        case .authorization(let request): request.loginHint
        case .visit(let visit): visit.loginHint
        }
    }

    var languages: [String] {
        switch purpose {
        case .authorization(let request): request.languages
        case .visit(let visit): visit.languages
        }
    }

    var display: Display {
        guard case .authorization(let request) = purpose else { return .page }
        return request.display
    }

    /// Where forms on the way lead in the end, for the policy of their pages.
    var formTargets: [String] {
        switch purpose {
        case .authorization(let request): [request.redirect.source]
        case .visit(let visit): [visit.source].compactMap(\.self)
        }
    }
}
