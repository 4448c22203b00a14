import HTTPTypes
import JOSE

extension Path { static let personalData = Path("/account/data") }

/// Lets users download their data (GDPR Articles 15 and 20).
struct PersonalDataEndpoint: AccountPageEndpoint {
    let gate: AccountGate
    private let data: PersonalData
    private let audit: AuditLog
    let path = Path.personalData
    var routes: [Route] { [.get(path)] }

    init(_ core: Core) {
        gate = AccountGate(core)
        data = PersonalData(core)
        audit = core.audit
    }

    func show(_ request: Request, to visitor: AccountGate.Visitor) async throws -> Response {
        var response = Response.json(try await data.document(of: visitor.user))
        response.headers[.contentDisposition] = #"attachment; filename="account.json""#
        audit.record(.exported(.personalData, records: 1), user: visitor.user.id, session: visitor.session.id)
        return response
    }

    func submit(_ request: Request, by visitor: AccountGate.Visitor) async throws -> Response { gate.overview() }
}
