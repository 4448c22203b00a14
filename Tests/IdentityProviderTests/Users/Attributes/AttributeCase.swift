import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

/// An issuer whose users have attributes, and what clients and APIs learn of them.
struct AttributeCase {
    /// The declarations. Their claims differ in scope, clients and resource servers.
    static let declarations = """
        [{"name": "department", "title": {"en": "Department", "de": "Abteilung"}, "values": ["sales", "support"],
          "user": "visible", "claims": [{"scope": "profile"}, {"claim": "dept", "scope": "orders.read",
          "resource_servers": ["https://api.example.com"]}]},
         {"name": "cost_center", "type": "integer", "claims": [{"scope": "profile", "clients": ["own"]},
          {"claim": "https://corp.example/cc", "resource_servers": ["https://api.example.com"]}]},
         {"name": "skills", "type": "list", "max_length": 20, "user": "editable", "claims": [{"scope": "email"}]},
         {"name": "hired", "type": "date", "user": "editable"},
         {"name": "remote", "type": "boolean", "user": "editable", "claims": [{"scope": "openid"}]},
         {"name": "desk", "title": "Desk <1>", "user": "editable", "max_length": 5}]
        """
    static let values = """
        {"department": "sales", "cost_center": 4711, "skills": ["juggling", "chess"], "hired": "2020-02-29",
         "remote": true}
        """

    let issuer: TestIssuer

    init(_ engine: TestEngine = .sqlite, declarations: String = declarations) async throws {
        issuer = try await TestIssuer(database: TestDatabase(engine))
        try await declare(declarations, values: Self.values)
    }

    /// Applies declarations, and the values of alice.
    func declare(_ declarations: String, values: String = "{}") async throws {
        let resources = try ResourceSet(
            JSONObject(
                parsing: Array(
                    #"{"attributes": \#(declarations), "users": [{"username": "alice", "attributes": \#(values)}]}"#
                        .utf8)))
        _ = try await issuer.administration.apply(resources)
        issuer.core.attributes.clear()
    }

    var alice: User {
        get async throws { try #require(try await issuer.stores.users.find(named: "alice")) }
    }

    /// The token response for alice at the client `web`.
    func tokens(_ scope: String, _ more: [(String, String)] = []) async throws -> JSONObject {
        try await issuer.redeem(try await Browser(issuer).code(scope: scope, more)).json()
    }

    func userInfo(_ tokens: JSONObject) async throws -> JSONObject {
        let token = tokens["access_token"]?.string ?? ""
        return try await issuer.send(.get, "/userinfo", headers: [.authorization: "Bearer \(token)"]).json()
    }
}

extension TestIssuer {
    /// The audit records of one event so far.
    func records(_ event: String) async throws -> [AuditRecord] {
        var query = AuditQuery()
        query.events = [event]
        return try await recorded(query)
    }
}
