import FoundationEssentials
import HTTPTypes
import JOSE
import SQLStorage
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 8628: device authorizations, and someone who can write to the database")
struct DeviceTamperingTests {
    private func id(_ codes: DeviceScene.Codes, _ scene: DeviceScene) -> SQLValue {
        .text(scene.issuer.core.digester.name(codes.device, of: DeviceRequest.self))
    }

    private func execute(_ sql: SQLStatement, _ values: SQLValue..., in scene: DeviceScene) async throws {
        _ = try await scene.issuer.database.database.transaction { try $0.execute(sql, values) }
    }

    @Test("alice's code never leads to an attacker's request")
    func swapped() async throws {
        for movesCode in [true, false] {
            let scene = try await DeviceScene()
            let (alices, theirs) = (try await scene.codes(), try await scene.codes())
            let browser = try await scene.browser()
            let (own, other) = (id(alices, scene), id(theirs, scene))
            if movesCode {
                let code = try await scene.issuer.database.database.read { connection in
                    try connection.query("SELECT user_code FROM device_authorizations WHERE id = ?", [own])[0].text(0)
                }
                try await execute("DELETE FROM device_authorizations WHERE id = ?", own, in: scene)
                try await execute(
                    "UPDATE device_authorizations SET user_code = ? WHERE id = ?", .text(code), other, in: scene)
            } else {
                try await execute(
                    """
                    UPDATE device_authorizations SET sealed_request =
                        (SELECT sealed_request FROM device_authorizations WHERE id = ?) WHERE id = ?
                    """, other, own, in: scene)
            }
            #expect(try await scene.enter(alices.user, in: browser).hasError("code"))
            #expect(try await scene.error(theirs) == "authorization_pending")
        }
    }

    @Test("an approval of another request approves nothing")
    func copied() async throws {
        let scene = try await DeviceScene()
        let (approved, other) = (try await scene.codes(), try await scene.codes())
        try await scene.approve(approved)
        try await execute(
            """
            UPDATE device_authorizations SET sealed_answer =
                (SELECT sealed_answer FROM device_authorizations WHERE id = ?) WHERE id = ?
            """, id(approved, scene), id(other, scene), in: scene)
        #expect(try await scene.error(other) == "invalid_grant")
        try await execute(
            "UPDATE device_authorizations SET sealed_answer = X'01' WHERE id = ?", id(other, scene), in: scene)
        #expect(try await scene.error(other) == "invalid_grant")
        #expect(try await scene.poll(approved).status == .ok)
    }

    @Test("a used code stays used, even if its row is put back and approved again")
    func putBack() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes()
        try await scene.approve(codes)
        #expect(try await scene.poll(codes).status == .ok)
        try await execute("UPDATE device_authorizations SET sealed_answer = NULL", in: scene)
        try await scene.approve(codes)
        #expect(try await scene.error(codes) == "invalid_grant")
    }

    @Test("RFC10027-006: an expired code stays expired on both devices, whatever the row says")
    func prolonged() async throws {
        let scene = try await DeviceScene()
        let codes = try await scene.codes()
        try await execute("UPDATE device_authorizations SET expires_at = expires_at + 86400000", in: scene)
        scene.issuer.clock.advance(by: 600)
        let browser = try await scene.browser()
        #expect(try await scene.enter(codes.user, in: browser).hasError("code"))
        #expect(try await scene.error(codes) == "expired_token")
        #expect(try await scene.events("device_code_refused").first?.details["reason"] == "expired")
    }
}
