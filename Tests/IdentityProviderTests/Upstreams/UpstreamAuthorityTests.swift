import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Upstreams that are replaced by others under the same id")
struct UpstreamAuthorityTests {
    private let (former, moved): (CannedUpstream, CannedUpstream)
    private let issuer: TestIssuer

    init() async throws {
        (former, moved) = (try CannedUpstream(), try CannedUpstream("up", issuer: "https://moved.example"))
        issuer = try await TestIssuer(
            resources: TestIssuer.resources(with: former.resource()), fetcher: CannedNetwork(former, moved))
        try await issuer.link("alice", to: "up")
        _ = try await issuer.administration.apply(
            ResourceSet(["users": [["username": "eve", "password": "battery staple"]]]))
    }

    private func resources(_ upstream: CannedUpstream, _ members: JSONObject = [:]) throws -> ResourceSet {
        try ResourceSet(["upstreams": [.object(upstream.resource(members))]])
    }

    /// Someone with the subject `u-1` comes back from `upstream`.
    private func arrive(from upstream: CannedUpstream) async throws -> (UpstreamVisitor, Page) {
        let visitor = UpstreamVisitor(issuer)
        let back = try await visitor.comeBack(upstream.authorize(visitor.leave()))
        return (visitor, try await visitor.browser.follow(back).page())
    }

    @Test("the same subject at another issuer is a stranger, who can link their own account")
    func anotherIssuer() async throws {
        #expect(try await arrive(from: former).1.template == "consent")
        _ = try await issuer.administration.apply(resources(moved))
        let (visitor, page) = try await arrive(from: moved)
        #expect(page.template == "upstream-account")
        #expect(visitor.browser.cookie("session") == nil)
        let signIn = try await visitor.browser.submit(page, [("action", "link")]).page()
        _ = try await visitor.browser.submit(signIn, [("username", "eve"), ("password", "battery staple")])
        let eve = try #require(try await issuer.stores.users.find(named: "eve"))
        #expect(try await issuer.link(to: "up")?.user == eve.id)
        // Back at the first issuer, the first link counts.
        _ = try await issuer.administration.apply(resources(former))
        let alice = try #require(try await issuer.stores.users.find(named: "alice"))
        #expect(try await issuer.link(to: "up")?.user == alice.id)
        #expect(try await arrive(from: former).1.template == "consent")
    }

    @Test("an upstream that is deleted and added again has its links only with the same issuer")
    func addedAgain() async throws {
        for (upstream, template) in [(moved, "upstream-account"), (former, "consent")] {
            try await issuer.stores.upstreams.delete(Identifier(rawValue: "up"))
            _ = try await issuer.administration.apply(resources(upstream))
            #expect(try await arrive(from: upstream).1.template == template)
        }
    }

    @Test("someone who arrived before their upstream got another issuer links nothing")
    func arrivedBefore() async throws {
        former.change { $0.subject = "u-2" }
        let (visitor, page) = try await arrive(from: former)
        #expect(page.template == "upstream-account")
        _ = try await issuer.administration.apply(resources(moved))
        let response = try await visitor.browser.submit(page, [("action", "link")])
        #expect(try response.page().template == "sign-in")
        #expect(try response.page().data["linking"] == nil)
        _ = try await visitor.browser.submit(response.page(), [("username", "eve"), ("password", "battery staple")])
        let eve = try #require(try await issuer.stores.users.find(named: "eve"))
        #expect(try await issuer.stores.upstreamLinks.links(of: eve.id).isEmpty)
    }

    @Test("applying a file notes upstreams whose links stop counting, and only those")
    func notes() async throws {
        let administration = issuer.administration
        let up = Identifier<Upstream>(rawValue: "up")
        #expect(try await administration.upstreamsWithOtherUsers(resources(moved)) == [up])
        for other in try [resources(former, ["name": "Other", "client_id": "other"]), ResourceSet([:])] {
            #expect(try await administration.upstreamsWithOtherUsers(other) == [])
        }
        let changes = try await administration.apply(resources(moved))
        #expect(changes.map(\.members) == [["issuer"]])
        #expect(try await administration.apply(resources(moved)) == [])
        #expect(try await administration.upstreamsWithOtherUsers(resources(moved)) == [])
    }

    @Test("an OAuth 2 provider is another one with another userinfo endpoint or subject claim, not with another name")
    func endpoints() throws {
        let document: JSONObject = [
            "id": "forge", "client_id": "c", "authorization_endpoint": "https://forge.example/authorize",
            "token_endpoint": "https://forge.example/token", "userinfo_endpoint": "https://forge.example/me",
            "claims": ["sub": "uid"],
        ]
        func authority(_ changes: JSONObject) throws -> Identifier<UpstreamAuthority> {
            var changed = document
            for (name, value) in changes.members { changed[name] = value }
            return try Upstream(changed).authority
        }
        let usual = try authority([:])
        #expect(usual.rawValue.utf8.count == 43)
        #expect(
            try authority(["name": "Forge", "client_id": "d", "claims": ["sub": "uid", "email": "mail"]]) == usual)
        for change in [
            ["id": "other"], ["userinfo_endpoint": "https://forge.example/you"], ["claims": ["sub": "login"]],
        ] as [JSONObject] { #expect(try authority(change) != usual) }
    }
}
