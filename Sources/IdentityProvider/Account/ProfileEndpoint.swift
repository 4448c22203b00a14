import FoundationEssentials
import HTTPTypes
import JOSE

extension Path { static let profile = Path("/account/profile") }

/// Lets users change their names and the attributes that are theirs to edit. It needs no recent sign-in, because it doesn't affect how they sign in.
struct ProfileEndpoint: PageEndpoint {
    let gate: AccountGate
    let users: any UserStore
    let attributes: CachedAttributes
    let audit: AuditLog
    let now: @Sendable () -> Date
    let routes = Route.page(.profile)

    init(_ core: Core) {
        gate = AccountGate(core)
        users = core.stores.users
        attributes = core.attributes
        audit = core.audit
        now = core.now
    }

    var formToken: FormToken { gate.formToken }

    func show(_ request: Request) async throws -> Response {
        switch try await gate.enter(request, to: .profile) {
        case .elsewhere(let response): response
        case .visitor(let visitor): page(visitor, try await form(visitor), request)
        }
    }

    func submit(_ request: Request) async throws -> Response {
        guard case .visitor(let visitor) = try await gate.enter(request, to: .profile) else { return gate.overview() }
        let form = try await form(visitor)
        guard let own = Claims.own(in: request.parameters) else {
            return page(visitor, form, request, error: "too_long")
        }
        guard let attributes = form.values(in: request.parameters) else {
            return page(visitor, form, request, error: "attribute")
        }
        var claims = visitor.user.claims
        for name in Claims.own { claims[name] = own[name] }
        let changed =
            Claims.own.filter { claims[$0] != visitor.user.claims[$0] }
            + form.changes(to: attributes).map { "attributes.\($0)" }
        guard !changed.isEmpty else { return gate.overview() }
        // On a concurrent change, the user sees the current values.
        guard try await users.changeProfile(of: visitor.user, to: claims, attributes, at: now()) else {
            return .redirect(to: gate.interactions.issuer.reference(.profile))
        }
        audit.record(.profileChanged(members: changed), user: visitor.user.id)
        return gate.overview()
    }

    private func form(_ visitor: AccountGate.Visitor) async throws -> AttributeForm {
        AttributeForm(of: visitor.user, in: try await attributes.catalog())
    }

    private func page(
        _ visitor: AccountGate.Visitor, _ form: AttributeForm, _ request: Request, error: String? = nil
    ) -> Response {
        var (page, cookie) = gate.page("profile", at: .profile, for: visitor, request)
        page.data["fields"] = .list(
            Claims.own.map { name in
                [
                    "name": .text(name), "label": .text("text.profile_\(name)"),
                    "value": .text(visitor.user.claims[name]?.string ?? ""),
                ]
            })
        form.show(on: &page, typed: error == nil ? nil : request.parameters)
        if let error { page.data["error"] = .object([error: true]) }
        return Response.page(page).setting(cookie)
    }
}
