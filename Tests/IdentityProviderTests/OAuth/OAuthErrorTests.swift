import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Errors")
struct OAuthErrorTests {
    private struct Private: Error { let path = "/secret" }

    @Test("internal errors become server_error without details")
    func reporting() throws {
        let error = OAuthError(reporting: Private())
        #expect(error.code == .serverError)
        #expect(error.status == .internalServerError)
        let body = try Response.json(error).json()
        #expect(body == ["error": "server_error", "error_description": "internal error"])
    }
}
