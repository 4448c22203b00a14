import JOSE

/// A well-known provider, for which a resource file names only what is specific to the operator.
enum UpstreamPreset: String, Sendable, CaseIterable {
    case apple = "apple"
    case entra = "entra"
    case github = "github"
    case gitlab = "gitlab"
    case google = "google"
    case keycloak = "keycloak"
    case martlet = "martlet"

    init(registered text: String) throws(InvalidValue) {
        guard let preset = Self(rawValue: text) else {
            let names = Self.allCases.map(\.rawValue)
            throw InvalidValue(
                "must be one of \(names.joined(separator: ", "))\(NearNames.hint(for: text, among: names).map { "; \($0)" } ?? "")")
        }
        self = preset
    }

    /// The members that only presets have.
    static let members = ["tenant", "team_id", "key_id"]

    /// The members without which the preset is incomplete, besides those of every upstream.
    var required: [String] {
        switch self {
        case .apple: ["team_id", "key_id"]
        case .entra: ["tenant"]
        case .keycloak, .martlet: ["issuer"]
        case .github, .gitlab, .google: []
        }
    }

    /// Returns the document with the preset's members, except those that it sets itself.
    func expand(_ document: JSONObject) -> JSONObject {
        var expanded = defaults(document)
        for (name, value) in document.members { expanded[name] = value }
        return expanded
    }

    private func defaults(_ document: JSONObject) -> JSONObject {
        switch self {
        case .apple:
            [
                "id": "apple", "name": "Apple", "issuer": "https://appleid.apple.com", "scope": "openid name email",
                // Apple sends the name only in a form (Sign in with Apple, "Configuring your webpage").
                "response_mode": "form_post", "token_endpoint_auth_method": "apple",
            ]
        case .entra:
            [
                "id": "entra", "name": "Microsoft", "token_endpoint_auth_method": "client_secret_post",
                "issuer": .string("https://login.microsoftonline.com/\(document["tenant"]?.string ?? "")/v2.0"),
            ]
        case .github: Self.gitHubMembers
        case .gitlab: ["id": "gitlab", "name": "GitLab", "issuer": "https://gitlab.com"]
        case .google:
            [
                "id": "google", "name": "Google", "issuer": "https://accounts.google.com",
                "token_endpoint_auth_method": "client_secret_post",
            ]
        case .keycloak: ["id": "keycloak", "name": "Keycloak"]
        case .martlet: ["id": "martlet", "name": "Martlet"]
        }
    }

    private static let gitHubMembers: JSONObject = [
        "id": "github", "name": "GitHub", "authorization_endpoint": "https://github.com/login/oauth/authorize",
        "token_endpoint": "https://github.com/login/oauth/access_token",
        "userinfo_endpoint": "https://api.github.com/user", "emails_endpoint": "https://api.github.com/user/emails",
        "token_endpoint_auth_method": "client_secret_post", "scope": "read:user user:email",
        "claims": ["sub": "id", "preferred_username": "login", "picture": "avatar_url", "profile": "html_url"],
    ]
}
