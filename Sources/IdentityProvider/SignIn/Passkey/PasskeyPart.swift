import JOSE

extension PasskeyPrompt {
    /// Returns the section of a page that asks for a passkey. It stays hidden if scripts are off or the browser has no
    /// passkey support. `action` is the path that the form with the authenticator's response is sent to.
    func part(action: Path, of issuer: Issuer) -> [String: Page.Value] {
        [
            "action": .text(issuer.reference(action)), "ceremony": .text(ceremony),
            "options": .text(String(decoding: options.serialized(), as: UTF8.self)),
            "script": .text(issuer.url(.passkeyScript)),
        ]
    }
}

extension PasskeyFactor {
    /// Lets any visitor of `page` sign in with a passkey instead of a password. The prompt is the same for everyone, so
    /// it reveals nothing about accounts.
    func invite(on page: inout Page, _ request: Request) async throws {
        guard let identity = ceremonies.browser.identity(in: request) else { return }
        let prompt = try await prompt(for: nil, in: identity)
        page.data["passkey"] = .object(prompt.part(action: .passkeySignIn, of: issuer))
        page.scriptSources.append(issuer.url(.passkeyScript))
    }
}

extension PasskeyFactor {
    /// Lets `user` add a passkey on `page`. The form is sent to `action`.
    func offer(on page: inout Page, to user: User, action: Path, _ request: Request) async throws {
        guard let identity = ceremonies.browser.identity(in: request) else { return }
        let prompt = try await enrolmentPrompt(for: user, in: identity)
        page.data["passkey"] = .object(prompt.part(action: action, of: issuer))
        page.scriptSources.append(issuer.url(.passkeyScript))
    }
}

extension PasskeyFactor: SecondFactor {
    var factor: Factor { .passkey }

    func describe(for user: User, in request: Request) async throws -> [String: Page.Value] {
        guard let identity = ceremonies.browser.identity(in: request) else { throw OAuthError.interactionLost }
        return try await prompt(for: user, in: identity).part(action: .secondFactor, of: issuer)
    }

    func verify(_ request: Request, of user: User) async throws -> ShownFactor? {
        try await prove(request, of: user)?.shown
    }

    var answer: String { "credential" }

    func ask(_ user: User, _ challenge: FactorChallenge, in request: Request) async throws -> Response? {
        .json(["publicKey": .object(try await options(for: user, challenge))])
    }

    func verify(_ request: Request, of user: User, answering challenge: FactorChallenge) async throws -> ShownFactor? {
        try await prove(request, of: user, answering: challenge)?.shown
    }
}
