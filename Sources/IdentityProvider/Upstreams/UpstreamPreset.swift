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
                "must be one of \(names.joined(separator: ", "))\(NearNames.hint(for: text, among: names).map { "; \($0)" } ?? "")"
            )
        }
        self = preset
    }

    /// The members that only presets have.
    static let members = ["tenant", "team_id"]

    /// The members without which the preset is incomplete, besides those of every upstream.
    var required: [String] {
        switch self {
        case .apple: ["team_id", "key_id"]
        case .entra: ["tenant"]
        case .keycloak, .martlet: ["issuer"]
        case .github, .gitlab, .google: []
        }
    }

    /// Checks the members that have a form of their own.
    func check(_ document: JSONObject, _ reader: inout DocumentReader) {
        switch self {
        case .apple:
            for member in required where document[member]?.string?.wholeMatch(of: /[A-Z0-9]{10}/) == nil {
                if document[member] != nil { reader.report(member, "must be 10 uppercase letters and digits") }
            }
        case .entra:
            // The metadata of `common` and `organizations` names no issuer that could be compared.
            guard let tenant = document["tenant"]?.string?.lowercased(),
                tenant.wholeMatch(of: /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) == nil
            else { return }
            reader.report("tenant", "must be the directory (tenant) ID, such as 8eaef023-2b34-4da1-9baa-8bc8c9d6a490")
        case .github, .gitlab, .google, .keycloak, .martlet: break
        }
    }

    /// The `prompt` values that the provider documents. It may answer others with an error page of its own.
    var prompts: [Prompt] {
        switch self {
        case .apple: []
        case .github, .google: [.selectAccount]
        case .entra, .gitlab, .keycloak, .martlet: [.login, .selectAccount]
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
                "response_mode": "form_post",
            ]
        case .entra:
            [
                "id": "entra", "name": "Microsoft", "token_endpoint_auth_method": "client_secret_post",
                "issuer": .string(
                    "https://login.microsoftonline.com/\(document["tenant"]?.string?.lowercased() ?? "")/v2.0"),
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
        "id": "github", "name": "GitHub", "issuer": "https://github.com/login/oauth",
        "authorization_endpoint": "https://github.com/login/oauth/authorize",
        "token_endpoint": "https://github.com/login/oauth/access_token",
        "userinfo_endpoint": "https://api.github.com/user", "emails_endpoint": "https://api.github.com/user/emails",
        "token_endpoint_auth_method": "client_secret_post", "scope": "read:user user:email",
        "claims": ["sub": "id", "preferred_username": "login", "picture": "avatar_url", "profile": "html_url"],
    ]
}
