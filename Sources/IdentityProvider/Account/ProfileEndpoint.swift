import FoundationEssentials
import HTTPTypes
import JOSE

/// Where people change what they are called. It needs no fresh sign-in: it changes nothing about how one gets in.
struct ProfileEndpoint: PageEndpoint {
    let gate: AccountGate
    let users: any UserStore
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = [Route.get(path), .post(path, rateLimit: .guessing)]
    private static let path = "/account/profile"
    /// Standard claims (OpenID Connect Core §5.1) that are a person's own to say.
    private static let claims = ["name", "given_name", "family_name", "nickname"]
    private static let maximumLength = 255

    var formToken: FormToken { gate.formToken }

    func show(_ request: Request) async throws -> Response {
        switch try await gate.enter(request, to: Self.path) {
        case .elsewhere(let response): response
        case .visitor(let visitor): page(visitor, request)
        }
    }

    func submit(_ request: Request) async throws -> Response {
        guard case .visitor(let visitor) = try await gate.enter(request, to: Self.path) else { return gate.overview() }
        var claims = visitor.user.claims
        for name in Self.claims {
            let text = (request.parameters[name] ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
            guard text.utf8.count <= Self.maximumLength else { return page(visitor, request, error: "too_long") }
            claims[name] = text.isEmpty ? nil : .string(text)
        }
        let changed = Self.claims.filter { claims[$0] != visitor.user.claims[$0] }
        guard !changed.isEmpty else { return gate.overview() }
        // Somebody else changed them meanwhile: the person sees how they are now.
        guard try await users.changeClaims(of: visitor.user, to: claims, at: now()) else {
            return .redirect(to: gate.interactions.issuer.reference(Self.path))
        }
        audit.record(.profileChanged(members: changed), user: visitor.user.id)
        return gate.overview()
    }

    private func page(_ visitor: AccountGate.Visitor, _ request: Request, error: String? = nil) -> Response {
        var (page, cookie) = gate.page("profile", at: Self.path, for: visitor, request)
        page.data["fields"] = .list(
            Self.claims.map { name in
                [
                    "name": .text(name), "label": .text("text.profile_\(name)"),
                    "value": .text(visitor.user.claims[name]?.string ?? ""),
                ]
            })
        if let error { page.data["error"] = .object([error: true]) }
        return Response.page(page).setting(cookie)
    }
}
