import HTTPTypes
import JOSE

/// Faults of rich authorization requests.
extension Mutation {
    func changeDetails(_ edit: inout RequestEdit) {
        if self == .detailsIgnored { edit["authorization_details"] = nil }
    }

    func changeConsent(_ response: Response) -> Response {
        guard self == .detailsNotShown, case .page(var page) = response.body, page.template == "consent" else {
            return response
        }
        page.data["requested"] = .list([])
        page.data["requested_access"] = .list([])
        return Response(status: response.status, headers: response.headers, body: .page(page))
    }
}
