import FoundationEssentials
import HTTPTypes
import Logging

extension Path { static let passkeys = Path("/account/passkeys") }

/// Lets users view, add, rename and remove their passkeys.
struct PasskeysEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    let passkeys: PasskeyFactor
    let attempts: AttemptLimiter
    let codes: RecoveryCodeSet
    let notices: AccountNotices
    let path = Path.passkeys
    var routes: [Route] { Route.page(path) }

    init(_ core: Core) {
        gate = AccountGate(core)
        passkeys = PasskeyFactor(core)
        attempts = AttemptLimiter(core)
        codes = RecoveryCodeSet(core)
        notices = AccountNotices(core)
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response {
        try await page(visitor, request)
    }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response {
        let id = Identifier<Passkey>(rawValue: request.parameters["passkey"] ?? "")
        let problem: String? =
            switch request.parameters["action"] {
            case "add": try await add(visitor, request)
            case "rename": try await rename(id, of: visitor.user, request)
            case "remove": try await remove(id, of: visitor.user, request)
            default: "gone"
            }
        // Redirects, so that a reload doesn't repeat the action.
        guard let problem else {
            guard request.parameters["action"] == "add", try await codes.isMissing(for: visitor.user) else {
                return .redirect(to: passkeys.issuer.reference(path))
            }
            return .redirect(to: passkeys.issuer.reference(.recoveryCodes))
        }
        return try await page(visitor, request, problem: problem)
    }

    /// Returns the problem to show, or `nil`.
    private func add(_ visitor: AccountGate.Visitor, _ request: Request) async throws -> String? {
        try gate.requireMoreThanMailbox(visitor)
        let owner = visitor.user
        let name = Passkey.name(typed: request.parameters["name"])
        let shown = try await attempts.enrolment(of: .passkey, by: owner) {
            try await passkeys.enrol(request, for: owner, named: name)?.shown
        }
        guard shown != nil else { return "refused" }
        await notices.added(.passkey, by: owner.id, request)
        return nil
    }

    private func rename(_ id: Identifier<Passkey>, of owner: User, _ request: Request) async throws -> String? {
        let name = Passkey.name(typed: request.parameters["name"])
        return try await passkeys.rename(id, of: owner, to: name) ? nil : "gone"
    }

    private func remove(_ id: Identifier<Passkey>, of owner: User, _ request: Request) async throws -> String? {
        switch try await passkeys.remove(id, of: owner) {
        case .removed:
            await notices.removed(.passkey, by: owner.id, request)
            return nil
        case .unknown: return "gone"
        case .last: return "last"
        }
    }

    private func page(_ visitor: AccountGate.Visitor, _ request: Request, problem: String? = nil) async throws
        -> Response
    {
        var (page, cookie) = gate.page("passkeys", at: path, for: visitor, request)
        let all = try await passkeys.passkeys.passkeys(of: visitor.user.id)
        page.data["passkeys"] = .list(all.map(Self.describe))
        page.data["has_none"] = .flag(all.isEmpty)
        if all.count < PasskeyFactor.maximumCount {
            try await passkeys.offer(on: &page, to: visitor.user, action: path, request)
        }
        if let problem { page.data["error"] = .object([problem: true]) }
        return Response.page(page).setting(cookie)
    }

    private static func describe(_ passkey: Passkey) -> Page.Value {
        var data: [String: Page.Value] = [
            "id": .text(passkey.id.rawValue), "name": .text(passkey.name),
            "created": .time(passkey.createdAt, .day),
            "is_synced": .flag(passkey.isBackupEligible),
        ]
        data["used"] = passkey.lastUsedAt.map { .time($0, .recent) }
        return .object(data)
    }
}
