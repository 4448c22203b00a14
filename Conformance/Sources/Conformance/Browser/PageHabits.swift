/// How to use a provider's pages that aren't plain sign-in or consent forms.
package struct PageHabits: Sendable, Codable {
    /// The name of the username field. Defaults to the first visible field.
    package var usernameField: String?
    /// The button that gives consent, as `NAME=VALUE`. By default it is found by its label.
    package var agree: String?
    /// Requests to send instead of running the scripts of pages that need them.
    package var recipes: [Recipe]?
    /// The cookie with the browser state that `check_session_iframe` reads.
    package var sessionStateCookie: String?

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case agree, recipes
        case usernameField = "username_field"
        case sessionStateCookie = "session_state_cookie"
    }
}

/// The requests to send on a page whose address contains `page`, instead of filling in a form.
package struct Recipe: Sendable, Codable {
    package struct Step: Sendable, Codable {
        package var method: String
        /// Resolved relative to the page.
        package var address: String
        package var json: String?
    }

    package var page: String
    /// `sign-in` or `question`.
    package var kind: String
    /// Their addresses and bodies may contain `{username}`, `{password}`, and `{query.NAME}` for a query parameter of
    /// the page.
    package var steps: [Step]
    /// The address to go to afterward, with the same placeholders.
    package var then: String
}

extension Recipe {
    /// Replaces the placeholders in `template`.
    func fill(_ template: String, at page: WebAddress, as account: Account) -> String {
        var text = template.replacing("{username}", with: account.username)
            .replacing("{password}", with: account.password)
        for parameter in FormEncoding.parse(page.query ?? "") {
            text = text.replacing("{query.\(parameter.name)}", with: parameter.value)
        }
        // Missing query parameters become empty.
        return text.replacing(/\{query\.[^}]*\}/, with: "")
    }
}
