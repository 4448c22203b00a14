import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 8628 §3.1: the device authorization endpoint")
struct DeviceAuthorizationEndpointTests {
    @Test(
        "RFC8628-001 RFC8628-002 RFC8628-003 RFC8628-004: the response has both codes, the page to enter one, and the times"
    )
    func response() async throws {
        let scene = try await DeviceScene()
        let response = try await scene.ask([("scope", "openid"), ("unknown", "ignored")])
        #expect(response.status == .ok)
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.headers[.contentType] == "application/json")
        let body = try response.json()
        let code = try #require(body["user_code"]?.string)
        #expect(body["verification_uri"] == "https://id.example.com/device")
        #expect(body["verification_uri_complete"]?.string == "https://id.example.com/device?user_code=\(code)")
        #expect(body["expires_in"] == 600)
        #expect(body["interval"] == 5)
        let shorter = try await DeviceScene { $0.lifetimes.deviceCode = 120 }
        #expect(try await shorter.ask().json()["expires_in"] == 120)
    }

    @Test(
        "RFC8628-001: repeated parameters, another method and a foreign or missing client are refused, and nothing is stored"
    )
    func refusals() async throws {
        let scene = try await DeviceScene()
        let issuer = scene.issuer
        #expect(throws: OAuthError.self) {
            try Parameters(parsing: "client_id=tv&scope=openid&scope=profile", limits: Limits())
        }
        #expect(try await issuer.send(.post, "/device_authorization", form: []).status == .unauthorized)
        #expect(try await scene.ask(as: "nobody").json()["error"] == "invalid_client")
        // A client with a secret must use it.
        #expect(try await scene.ask(as: "box").json()["error"] == "invalid_client")
        let wrong = try await issuer.token([], client: "box", secret: "wrong", at: "/device_authorization")
        #expect(try wrong.json()["error"] == "invalid_client")
        #expect(try await issuer.token([], client: "box", at: "/device_authorization").status == .ok)
        let routes = issuer.provider.endpoints.flatMap(\.routes).filter { $0.path == .deviceAuthorization }
        #expect(routes.map(\.method) == [.post])
        #expect(routes.allSatisfy { !$0.isSharedAcrossOrigins })
        let rows = try await issuer.database.database.read {
            try $0.query("SELECT COUNT(*) FROM device_authorizations", [])[0].integer(0)
        }
        #expect(rows == 1)
    }

    @Test("RFC10027-001 RFC10027-010: only clients that registered the grant may ask", arguments: ["spa", "native"])
    func offByDefault(_ client: String) async throws {
        let scene = try await DeviceScene()
        let refused = try await scene.ask(as: client)
        #expect(refused.status == .badRequest)
        #expect(try refused.json()["error"] == "unauthorized_client")
        let codes = try await scene.codes()
        #expect(try await scene.error(codes, as: client) == "unauthorized_client")
    }

    @Test("RFC10027-011: a device gets only scopes that its client registered, and resources that they belong to")
    func scopes() async throws {
        let scene = try await DeviceScene()
        #expect(try await scene.ask([("scope", "orders.write")]).json()["error"] == "invalid_scope")
        #expect(
            try await scene.ask([("scope", "openid"), ("resource", "https://api.example.com")]).json()["error"]
                == "invalid_target")
        let codes = try await scene.codes([("scope", "openid orders.read orders.write admin")])
        try await scene.approve(codes)
        #expect(try await scene.poll(codes).json()["scope"] == "openid orders.read")
    }

    @Test("RFC8628-009 RFC8628-010 RFC8628-012: codes are random, and neither is stored as it is")
    func codes() async throws {
        let scene = try await DeviceScene()
        var all: [DeviceScene.Codes] = []
        for _ in 0..<20 { all.append(try await scene.codes()) }
        #expect(Set(all.map(\.device)).count == 20 && Set(all.map(\.user)).count == 20)
        for codes in all {
            #expect(try Base64URL.decode(codes.device).count == 32)
            #expect(codes.user.wholeMatch(of: #/[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}/#) != nil)
        }
        let folder = try #require(scene.issuer.database.folder)
        for file in ["test.db", "test.db-wal"] {
            guard let bytes = try? Data(contentsOf: URL(filePath: "\(folder)/\(file)")) else { continue }
            for codes in all {
                for secret in [codes.device, codes.user, codes.user.filter { $0 != "-" }] {
                    #expect(!bytes.contains(secret))
                }
            }
        }
    }

    @Test("RFC8628-012: all letters of user codes are equally likely")
    func alphabet() {
        var counts: [Character: Int] = [:]
        for _ in 0..<5_000 { for letter in UserCode.random().text { counts[letter, default: 0] += 1 } }
        #expect(counts.count == 20)
        // 2,000 each on average; the bounds are seven standard deviations away.
        #expect(counts.values.allSatisfy { (1_700...2_300).contains($0) })
    }

    @Test(
        "RFC8628-012: case, spaces and hyphens of a user code don't matter, and other letters are never codes",
        arguments: [
            ("BCDF-GHJK", true), ("bcdfghjk", true), (" b c d f – g h j k ", true), ("BCDF\u{2011}GHJK", true),
            ("BCDFGHJ", false), ("BCDFGHJKL", false), ("ABCDFGHJ", false), ("BCDF_GHJK", false), ("", false),
            ("ВСDFGHJK", false), ("bcdfghjſ", false), (String(repeating: "B", count: 10_000), false),
        ])
    func typed(_ text: String, isCode: Bool) {
        #expect(UserCode(typed: text)?.shown == (isCode ? "BCDF-GHJK" : nil))
    }

    @Test("RFC10027-013: code requests are limited for each client and sender")
    func limited() async throws {
        let scene = try await DeviceScene()
        for _ in 0..<20 { #expect(try await scene.ask().status == .ok) }
        let late = try await scene.ask()
        #expect(late.status == .tooManyRequests)
        #expect(late.headers[.retryAfter] == "3")
        // Others, and devices elsewhere, go on.
        #expect(try await scene.ask(from: "198.51.100.1").status == .ok)
        #expect(try await scene.ask([], as: "radio").status == .ok)
        scene.issuer.clock.advance(by: 3)
        #expect(try await scene.ask().status == .ok)
        // Those who use one address each meet the limit of the client.
        let statuses = try await race(1_100) { try await scene.ask(from: "203.0.\($0 / 250).\($0 % 250)").status }
        #expect(statuses.contains(.tooManyRequests))
        #expect(statuses.count { $0 == .ok } <= 1_000)
        #expect(try await scene.ask([], as: "radio", from: "198.51.100.9").status == .ok)
    }

    @Test("RFC8628-013: the metadata names the endpoint and the grant type")
    func metadata() async throws {
        let issuer = try await DeviceScene().issuer
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
            let metadata = try await issuer.send(.get, path).json()
            #expect(metadata["device_authorization_endpoint"] == "https://id.example.com/device_authorization")
            #expect(metadata["grant_types_supported"]?.array?.contains(.string(DeviceScene.grant)) == true)
        }
    }

    @Test("a request is audited and counted, with its client and scope")
    func audited() async throws {
        let scene = try await DeviceScene()
        _ = try await scene.codes()
        let records = try await scene.events("device_requested")
        #expect(records.map(\.client) == ["tv"])
        #expect(records.first?.details["scope"] == "openid profile")
        #expect(records.first?.address == DeviceScene.living)
    }
}

extension Data {
    fileprivate func contains(_ text: String) -> Bool { firstRange(of: Data(text.utf8)) != nil }
}
