/// How a provider's pages are to be used, where they are not plain forms with a password or a question.
package struct PageHabits: Sendable, Codable {
    /// The field for the name; without it the first visible one.
    package var usernameField: String?
    /// The button that agrees, as `NAME=VALUE`; without it one that says so.
    package var agree: String?
    /// Pages that a script of the provider would work on: what it would send, done without it.
    package var recipes: [Recipe]?

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case agree, recipes
        case usernameField = "username_field"
    }
}

/// What to do at a page whose address contains `page`, in place of filling in a form.
package struct Recipe: Sendable, Codable {
    package struct Step: Sendable, Codable {
        package var method: String
        /// Relative to the page.
        package var address: String
        package var json: String?
    }

    package var page: String
    /// `sign-in` or `question`.
    package var kind: String
    /// Texts may name `{username}`, `{password}` and, as `{query.NAME}`, a parameter of the page's address.
    package var steps: [Step]
    /// Where to go afterwards, in the same words.
    package var then: String
}

extension Recipe {
    func fill(_ template: String, at page: WebAddress, as account: Account) -> String {
        var text = template.replacing("{username}", with: account.username)
            .replacing("{password}", with: account.password)
        for parameter in FormEncoding.parse(page.query ?? "") {
            text = text.replacing("{query.\(parameter.name)}", with: parameter.value)
        }
        // What the address does not have is empty.
        return text.replacing(/\{query\.[^}]*\}/, with: "")
    }
}
