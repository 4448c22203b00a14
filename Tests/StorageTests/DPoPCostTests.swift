import Foundation
import HTTPTypes
import IdentityProvider
import JOSE
import SQLStorage
import TestSupport
import Testing

@Suite("The cost of DPoP")
struct DPoPCostTests {
    private static let form = [("grant_type", "client_credentials"), ("scope", "orders.read")]

    private static func token(_ issuer: TestIssuer, proof: String?) async throws -> Response {
        let credentials = Data("web:web-secret-web-secret-web-secret-1".utf8).base64EncodedString()
        var headers: HTTPFields = [.authorization: "Basic \(credentials)"]
        headers[HTTPField.Name("DPoP")!] = proof
        return try await issuer.send(.post, "/token", form: form, headers: headers)
    }

    private static func proof(_ issuer: TestIssuer, _ key: DPoPKey) async throws -> String {
        try await key.proof("POST", "https://id.example.com/token", at: issuer.clock.now)
    }

    @Test(
        "a token, and each request with it, take one insert of one row more than without DPoP",
        arguments: StorageBackend.all)
    func statements(_ backend: StorageBackend) async throws {
        try await backend.withFolder { folder in
            let database = ObservedDatabase(try backend.open(folder)) { _, statement, _ in [statement.text] }
            let issuer = try await TestIssuer(database: TestDatabase(opened: database))
            let key = try DPoPKey()

            /// The statements of a request, once caches are filled, and what it commits.
            func cost(_ operation: () async throws -> Response) async throws -> (statements: [String], commits: Int) {
                #expect(try await operation().status == .ok)
                database.forget()
                let before = database.committedUnits
                #expect(try await operation().status == .ok)
                return (database.notes, database.committedUnits - before)
            }
            let plain = try await cost { try await Self.token(issuer, proof: nil) }
            let bound = try await cost { try await Self.token(issuer, proof: Self.proof(issuer, key)) }
            let insert = bound.statements.filter { $0.hasPrefix("INSERT") && $0.contains("INTO spent ") }
            #expect(insert.count == 1)
            #expect(bound.statements.filter { !insert.contains($0) } == plain.statements)
            #expect((plain.commits, bound.commits) == (0, 1))

            func userInfo(_ proofs: Bool) async throws -> (statements: [String], commits: Int) {
                let browser = Browser(issuer)
                let form = [
                    ("grant_type", "authorization_code"), ("code", try await browser.code()),
                    ("redirect_uri", "https://shop.example/callback"),
                ]
                let credentials = Data("web:web-secret-web-secret-web-secret-1".utf8).base64EncodedString()
                var headers: HTTPFields = [.authorization: "Basic \(credentials)"]
                if proofs { headers[HTTPField.Name("DPoP")!] = try await Self.proof(issuer, key) }
                let answer = try await issuer.send(.post, "/token", form: form, headers: headers)
                let token = try #require(try answer.json()["access_token"]?.string)
                return try await cost {
                    var headers: HTTPFields = [.authorization: "\(proofs ? "DPoP" : "Bearer") \(token)"]
                    if proofs {
                        headers[HTTPField.Name("DPoP")!] = try await key.proof(
                            "GET", "https://id.example.com/userinfo", at: issuer.clock.now, token: token)
                    }
                    return try await issuer.send(.get, "/userinfo", headers: headers)
                }
            }
            let (bearer, holder) = (try await userInfo(false), try await userInfo(true))
            let spent = holder.statements.filter { $0.hasPrefix("INSERT") && $0.contains("INTO spent ") }
            #expect(spent.count == 1)
            #expect(holder.statements.filter { !spent.contains($0) } == bearer.statements)
            #expect((bearer.commits, holder.commits) == (0, 1))
            await database.close()
        }
    }
}
