import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("OpenID SSF §7: transmitter metadata")
struct TransmitterMetadataTests {
    private func metadata(_ identifier: String) async throws -> JSONObject {
        let issuer = try await TestIssuer.withReceivers(identifier)
        let response = try await issuer.send(.get, "/.well-known/ssf-configuration\(issuer.issuer.path)")
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "application/json")
        return try response.json()
    }

    @Test(
        "SSF-001 SSF-002 SSF-003: the document lies between host and path of the issuer, and has the issuer of every SET",
        arguments: ["https://id.example.com", "https://id.example.com/tenants/one"])
    func place(_ identifier: String) async throws {
        let issuer = try await TestIssuer.withReceivers(identifier)
        let response = try await issuer.send(.get, "/.well-known/ssf-configuration\(issuer.issuer.path)")
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "application/json")
        #expect(try response.json()["issuer"] == .string(identifier))
        let route = try #require(
            issuer.provider.endpoints.flatMap(\.routes).first { $0.path.text.contains("ssf-configuration") })
        #expect(route.isAtRoot)
        let stream = try await issuer.stream()
        try await issuer.changePassword()
        #expect(try await issuer.polled(stream).first?["iss"] == .string(identifier))
    }

    @Test("receivers with bound tokens reach every endpoint where clients present certificates")
    func certificates() async throws {
        let issuer = try await TestIssuer.withReceivers()
        let routes = issuer.provider.endpoints.flatMap(\.routes).filter { $0.path.text.hasPrefix("/ssf/") }
        #expect(routes.count == 11)
        #expect(routes.allSatisfy { $0.isForPrograms && !$0.isSharedAcrossOrigins })
    }

    @Test("SSF-004 SSF-005 SSF-006 SSF-007 CAEP-013 CAEP-015: members, all of which have elements")
    func members() async throws {
        let document = try await metadata("https://id.example.com")
        #expect(document["spec_version"] == "1_0")
        #expect(document["default_subjects"] == "NONE")
        #expect(document["jwks_uri"] == "https://id.example.com/jwks")
        #expect(document["delivery_methods_supported"] == [.string(SignalTests.push), .string(SignalTests.poll)])
        #expect(document["authorization_schemes"] == [["spec_urn": "urn:ietf:rfc:6749"]])
        for name in [
            "configuration_endpoint", "status_endpoint", "add_subject_endpoint", "remove_subject_endpoint",
            "verification_endpoint",
        ] {
            #expect(document[name]?.string?.hasPrefix("https://id.example.com/ssf/") == true)
        }
        for (_, value) in document.members {
            #expect(value.array?.isEmpty != true)
            #expect(value != "")
        }
    }
}
