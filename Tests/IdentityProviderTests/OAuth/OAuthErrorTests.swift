import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Errors")
struct OAuthErrorTests {
    private struct Private: Error { let path = "/secret" }

    @Test("what is not meant for the client is server_error and says nothing")
    func reporting() throws {
        let error = OAuthError(reporting: Private())
        #expect(error.code == .serverError)
        #expect(error.status == .internalServerError)
        let body = try Response.json(error).json()
        #expect(body == ["error": "server_error", "error_description": "internal error"])
    }
}
