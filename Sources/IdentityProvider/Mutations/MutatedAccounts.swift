import FoundationEssentials
import HTTPTypes

/// Faults of several accounts in one browser.
extension Mutation {
    func changeAccounts(_ edit: inout RequestEdit) {
        switch self {
        case .accountSelectionIgnored: edit["prompt"] = without("select_account", edit["prompt"])
        case .signUpIgnored: edit["prompt"] = without("create", edit["prompt"])
        case .accountHintsIgnored:
            edit["id_token_hint"] = nil
            edit["login_hint"] = nil
        default: break
        }
    }

    private func without(_ value: String, _ prompt: String?) -> String? {
        let left = (prompt ?? "").split(separator: " ").filter { $0 != value }
        return left.isEmpty ? nil : left.joined(separator: " ")
    }

    /// Forgets the other accounts, whichever page adds one.
    func changeAccountCookie(_ response: Response) -> Response {
        guard self == .otherAccountsForgotten else { return response }
        var response = response
        response.headers[values: .setCookie] = response.headers[values: .setCookie].filter {
            !$0.contains("martlet-accounts=")
        }
        return response
    }
}

/// Assumes that every user has consented to everything.
struct FaultyConsents: ConsentStore {
    let base: any ConsentStore

    func find(user: Identifier<User>, client: Identifier<Client>) async throws -> Consent? {
        if let consent = try await base.find(user: user, client: client) { return consent }
        guard Mutation.current == .consentAssumed else { return nil }
        return Consent(user: user, client: client, scope: Scope.standard, grantedAt: .distantPast)
    }
    func consents(of user: Identifier<User>) async throws -> [Consent] { try await base.consents(of: user) }
    func save(_ consent: Consent) async throws { try await base.save(consent) }
    func withdraw(user: Identifier<User>, client: Identifier<Client>) async throws {
        try await base.withdraw(user: user, client: client)
    }
}
