import Foundation
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("martlet explain tells what happened with an upstream")
struct UpstreamExplanationTests {
    /// Returns the explanation of all records but the first `count`, without times and identifiers of users.
    private func explanation(of scene: UpstreamLogoutScene, after count: Int = 0) async throws -> [String] {
        try await scene.issuer.audit.flush()
        let records = try await scene.issuer.audit.store.find(AuditQuery()).map(\.record)
        return AuditExplanation.sentences(of: Array(records.dropFirst(count))).map {
            $0.replacing(#/^[0-9T:.Z-]{24}: /#, with: "").replacing(/for user [\w-]+/, with: "for user U")
        }
    }

    @Test("a sign-in: what the upstream vouched for, what the policy decided, and which upstream it was")
    func signIn() async throws {
        let scene = try await UpstreamLogoutScene()
        try await scene.signIn(session: "s-1")
        let told = try await explanation(of: scene)
        let vouched = try #require(told.firstIndex(of: "The upstream up vouches for a user (urn:martlet:acr:1)."))
        let decided = try #require(told.firstIndex { $0.hasPrefix("Shown: upstream. Required: at least") })
        let signedIn = try #require(
            told.firstIndex(
                of: """
                    signed in for user U with client web from 127.0.0.1: factors upstream, amr fed, \
                    acr urn:martlet:acr:1, upstream up.
                    """))
        #expect(vouched < decided && decided < signedIn)
    }

    @Test("a failure: which rule the answer broke, before the event that records it")
    func failure() async throws {
        let scene = try await UpstreamLogoutScene()
        scene.upstream.change { $0.claims["nonce"] = "another" }
        let visitor = UpstreamVisitor(scene.issuer)
        let response = try await visitor.comeBack(scene.upstream.authorize(visitor.leave()))
        #expect(response.upstreamProblem == "invalid")
        #expect(
            try await Array(explanation(of: scene).suffix(2)) == [
                "The sign-in at the upstream up failed (invalid): nonce of the ID Token is not that of the request.",
                "upstream refused with client web from 127.0.0.1: upstream up, reason invalid.",
            ])
    }

    @Test("a sign-out here that continues at the upstream, or can't")
    func onward() async throws {
        let scene = try await UpstreamLogoutScene(.sqlite, ["sign_out": "upstream"])
        scene.upstream.change { $0.metadata["end_session_endpoint"] = "https://up.example/logout" }
        for note in [
            "The sign-out continues at the upstream up.",
            "The upstream up can't be asked to sign the user out: unavailable.",
        ] {
            let (browser, _) = try await scene.signIn(session: "s-1")
            if note.contains("can't") {
                scene.upstream.change {
                    $0.answers["/.well-known/openid-configuration"] = { _ in throw FetchError.unknownHost("up.example")
                    }
                }
            }
            let page = try await browser.get("/logout").page()
            _ = try await browser.submitWithoutFollowing(page, [("decision", "sign-out")])
            let told = try await explanation(of: scene).suffix(2)
            #expect(told.first == note)
            #expect(told.last == "signed out for user U from 127.0.0.1.")
        }
    }

    @Test("a sign-out by the upstream, and a logout token that broke a rule")
    func signOut() async throws {
        let scene = try await UpstreamLogoutScene()
        try await scene.signIn(session: "s-1")
        _ = try await explanation(of: scene)
        let before = try await scene.issuer.audit.store.find(AuditQuery()).count
        #expect(try await scene.logOut(["sid": "s-1", "nonce": "n"]).status == .badRequest)
        #expect(
            try await explanation(of: scene, after: before) == [
                "The upstream up sent no valid logout token: the logout token has a nonce.",
                """
                request refused from 127.0.0.1: route /upstream/{upstream}/backchannel-logout, error invalid_request, \
                reason logout_token is not valid.
                """,
            ])
        #expect(try await scene.logOut(["sid": "s-1"]).status == .ok)
        let told = try await explanation(of: scene, after: before + 1)
        #expect(
            told == [
                "session ended for user U from 127.0.0.1: reason upstream.",
                "upstream signed out for user U from 127.0.0.1: upstream up, sessions 1.",
            ])
        let record = try #require(try await scene.events("upstream_signed_out").first)
        #expect(record.actor == "system")
    }
}
