import HTTPTypes
import JOSE

/// `POST /api/auth/register`: somebody asks for an account. As on the page, a mail proves the address before there is
/// anything, and only its owner is told whether it has an account already.
struct RegisterEndpoint: FirstPartyEndpoint {
    let clients: FirstPartyClients
    /// `nil` where nobody can sign up.
    let mail: MailRequests?
    let routes = [Route.api(.post, "register", rateLimit: .mail)]

    func respond(to request: Request) async throws -> Response {
        try request.requireKnown(["email", "client_id"])
        _ = try await clients.client(request.parameters["client_id"])
        guard let mail else {
            return Problem(
                kind: .registrationClosed, status: .forbidden, detail: "accounts are made by whoever runs this"
            ).response
        }
        guard let address = MailAddress(try request.parameters.required("email")) else {
            throw OAuthError.invalidRequest("email is no address")
        }
        try await mail.add(.signUp(address), after: request.withoutCookies)
        return .json(["next": "mail"], status: .accepted)
    }
}
