import SQLStorage
import JOSE
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import TestSupport
import Testing

@Suite("Commits per operation, counted by the driver")
struct BudgetTests {
    /// The number of units of work that `operation` commits.
    private func commits(_ issuer: TestIssuer, _ operation: () async throws -> Void) async throws -> Int {
        let before = issuer.database.database.committedUnits
        try await operation()
        return issuer.database.database.committedUnits - before
    }

    @Test(
        "a sign-in with consent and a code takes three commits, one of them for redeeming the code",
        arguments: TestEngine.allCases)
    func signIn(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        var code = ""
        let visit = try await commits(issuer) { _ = try await Browser(issuer).get("/authorize", Browser.webRequest()) }
        #expect(visit == 0)
        let signIn = try await commits(issuer) { code = try await Browser(issuer).code(scope: "openid offline_access") }
        #expect(signIn == 2)
        var token = ""
        let redeem = try await commits(issuer) {
            token = try await issuer.redeem(code).json()["refresh_token"]?.string ?? ""
        }
        #expect(redeem == 1)
        var statuses: [HTTPResponse.Status] = []
        let rotation = try await commits(issuer) { statuses.append(try await issuer.refresh(token).status) }
        let retry = try await commits(issuer) { statuses.append(try await issuer.refresh(token).status) }
        #expect(rotation == 1)
        #expect(retry == 0)
        #expect(statuses == [.ok, .ok])
    }

    @Test("reads and client credentials tokens commit nothing", arguments: TestEngine.allCases)
    func reads(_ engine: TestEngine) async throws {
        let issuer = try await TestIssuer(database: TestDatabase(engine))
        let tokens = try await issuer.redeem(Browser(issuer).code()).json()
        let access = tokens["access_token"]?.string ?? ""
        let count = try await commits(issuer) {
            _ = try await issuer.send(.get, "/userinfo", headers: [.authorization: "Bearer \(access)"])
            _ = try await issuer.token([("token", access)], at: "/introspect")
            _ = try await issuer.send(.get, "/jwks")
            _ = try await issuer.send(.get, "/.well-known/openid-configuration")
            _ = try await issuer.send(.get, "/health/ready")
            _ = try await issuer.token([("grant_type", "client_credentials")])
        }
        #expect(count == 0)
    }
}
