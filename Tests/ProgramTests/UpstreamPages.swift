import TestSupport

/// What a user does on the pages of `GlewlwydServer`. They replace their elements while they load, so each step is one
/// script: an element found by one command may be gone at the next.
extension Chromium {
    /// Signs in and continues to the client. A user's first sign-in includes the consent to share name and email.
    func signInAtGlewlwyd(as username: String, isFirst: Bool = true) async throws {
        try await wait(for: "document.querySelector('#loginbut') !== null")
        // React notices only values set with the original setter. The name may be filled in already.
        _ = try await run(
            """
            const set = (id, text) => {
              const field = document.getElementById(id)
              Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, text)
              field.dispatchEvent(new Event('input', {bubbles: true}))
            }
            set('username', '\(username)')
            set('password', '\(GlewlwydServer.password(of: username))')
            document.getElementById('loginbut').click()
            """)
        if isFirst {
            for selector in ["#grant-profile", "#grant-email", ".carousel .btn-primary"] { try await press(selector) }
            try await wait(for: "document.querySelector('#grant-profile') === null")
        }
        try await continueAtGlewlwyd()
    }

    /// Continues to the client as the user who is signed in, which Glewlwyd never does by itself.
    func continueAtGlewlwyd() async throws { try await press(".btn-success") }

    /// Confirms the sign-out that the client asked for.
    func confirmSignOutAtGlewlwyd() async throws {
        // The button works once the page knows the client.
        try await wait(for: "document.querySelector('.card-body')?.innerText.includes('The client Martlet') === true")
        try await press(".card-body .btn-danger")
    }

    private func press(_ selector: String) async throws {
        try await wait(for: "document.querySelector('\(selector)') !== null")
        _ = try await run("document.querySelector('\(selector)').click()")
    }
}

/// What a user does on the page of `OAuthProviderServer`, which asks for the password each time.
extension Chromium {
    func signInAtOAuthProvider(as user: OAuthProviderServer.User = .alice) async throws {
        try await wait(for: "document.querySelector('#authorize') !== null")
        try await type(user.login, into: "#login")
        try await type(user.password, into: "#password")
        try await click("#authorize")
    }

    func cancelAtOAuthProvider() async throws {
        try await wait(for: "document.querySelector('#cancel') !== null")
        try await click("#cancel")
    }
}
