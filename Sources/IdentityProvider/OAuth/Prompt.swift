/// A `prompt` value: what to ask the user even if it isn't necessary, or `none` (OpenID Connect Core §3.1.2.1).
package enum Prompt: String, Sendable, Codable, CaseIterable {
    case none = "none"
    case login = "login"
    case consent = "consent"
    case selectAccount = "select_account"
    /// Initiating User Registration §4.
    case create = "create"

    static func parse(_ parameters: Parameters) throws(OAuthError) -> Set<Prompt> {
        var prompts: Set<Prompt> = []
        for value in parameters.list("prompt") {
            guard let prompt = Prompt(rawValue: value) else { throw .invalidRequest("prompt has an unknown value") }
            prompts.insert(prompt)
        }
        guard prompts == [.none] || !prompts.contains(.none) else {
            throw .invalidRequest("prompt none must not be combined with other values")
        }
        return prompts
    }
}
