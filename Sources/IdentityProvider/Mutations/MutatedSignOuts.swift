import FoundationEssentials
import HTTPTypes
import JOSE

/// Faults of sign-outs.
extension Mutation {
    func changeSignOut(_ edit: inout RequestEdit, _ request: Request, _ tools: MutationTools) async throws {
        switch self {
        case .signOutHintNotVerified:
            guard let claims = edit["id_token_hint"].flatMap(Self.claims) else { return }
            edit["id_token_hint"] = try await JWT.sign(claims, type: "JWT", with: tools.ring.signer(for: .rs256))
        case .signOutOfOtherClient:
            guard var claims = edit["id_token_hint"].flatMap(Self.claims), let client = edit["client_id"] else {
                return
            }
            claims["aud"] = .string(client)
            edit["id_token_hint"] = try await JWT.sign(claims, type: "JWT", with: tools.ring.signer(for: .rs256))
        case .signOutNotAsked:
            guard let session = try await tools.sessions.session(of: request) else { return }
            let client = edit["id_token_hint"].flatMap(Self.claims)?["aud"] ?? "first"
            let claims: JSONObject = [
                "iss": .string(tools.issuer.identifier), "aud": client, "sub": .string(session.user.rawValue),
                "sid": .string(session.id.rawValue), "iat": 0, "exp": 1,
            ]
            edit["id_token_hint"] = try await JWT.sign(claims, type: "JWT", with: tools.ring.signer(for: .rs256))
        case .signOutDestinationNotChecked: edit["post_logout_redirect_uri"] = nil
        default: break
        }
    }

    /// Makes a form from another page as good as one of this browser.
    func changeForm(_ edit: inout RequestEdit, _ request: Request, _ tools: MutationTools) {
        guard self == .formOfAnyBrowser, edit["form_token"] != nil, let identity = tools.browser.identity(in: request)
        else { return }
        edit["form_token"] = tools.formToken.value(for: identity, in: request)
    }

    private static func claims(of token: String) -> JSONObject? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = try? Base64URL.decode(String(parts[1])) else { return nil }
        return try? JSONObject(parsing: payload)
    }
}
