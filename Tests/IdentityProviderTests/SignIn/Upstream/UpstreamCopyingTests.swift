import FoundationEssentials
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("What an upstream says is copied to accounts by its rules, and never more")
struct UpstreamCopyingTests {
    private static let rules: JSONObject = [
        "profile": ["name", "nickname", "picture", "address"],
        "attributes": ["team": "dept", "floor": "level", "odd": "x"],
        "memberships": [
            ["claim": "groups", "value": "staff", "roles": ["employee"], "groups": ["everyone"]],
            ["claim": "groups", "value": "admins", "roles": ["admin"]],
        ],
    ]

    private func house(_ more: JSONObject = [:]) async throws -> UpstreamCase {
        var members = Self.rules
        members.merge(more)
        let house = try await UpstreamCase(members)
        try await house.issuer.apply(
            #"{"attributes": [{"name": "team", "values": ["red", "blue"]}, {"name": "floor", "type": "integer"}]}"#)
        try await house.issuer.link("alice", to: "up")
        return house
    }

    private func arrive(_ house: UpstreamCase, _ claims: JSONObject) async throws -> User {
        house.upstream.change { $0.userInfo = claims }
        house.issuer.clock.advance(by: 60)
        _ = try await house.arrive(house.visitor())
        return try await house.user()
    }

    @Test("once: the first sign-in fills in what the account lacks, and later ones change nothing")
    func once() async throws {
        let house = try await house()
        let first = try await arrive(house, ["name": "Mallory", "nickname": "Al", "dept": "red", "level": 3])
        #expect(first.claims["name"] == "Alice Liddell" && first.claims["nickname"] == "Al")
        #expect(first.attributes == ["team": "red", "floor": 3])
        let second = try await arrive(house, ["nickname": "Ali", "dept": "blue"])
        #expect(second.claims == first.claims && second.attributes == first.attributes)
        let changes = try await house.issuer.records("profile_changed").map { $0.details["members"] }
        #expect(changes == [["nickname", "attributes.floor", "attributes.team"]])
    }

    @Test("each sign-in: what the upstream says replaces what is there, and what it leaves out stays")
    func eachSignIn() async throws {
        let house = try await house(["copy_profile": "each_sign_in"])
        let first = try await arrive(house, ["name": "Alice P.", "nickname": "Al", "dept": "red"])
        #expect(first.claims["name"] == "Alice P.")
        let second = try await arrive(house, ["name": .null, "nickname": "Ali", "dept": "blue"])
        #expect(second.claims["name"] == "Alice P." && second.claims["nickname"] == "Ali")
        #expect(second.attributes["team"] == "blue")
        #expect(second.claims["phone_number"] == "+44 1")
    }

    @Test("a phone number that the upstream changes no longer counts as verified")
    func phoneNumber() async throws {
        let house = try await UpstreamCase(["profile": ["phone_number"], "copy_profile": "each_sign_in"])
        try await house.issuer.link("alice", to: "up")
        let alice = try await house.user()
        var claims = alice.claims
        claims["phone_number_verified"] = true
        #expect(
            try await house.stores.users.changeProfile(
                of: alice, to: claims, alice.attributes, at: house.issuer.clock.now))
        #expect(try await arrive(house, ["phone_number": "+44 1"]).claims["phone_number_verified"] == true)
        let changed = try await arrive(house, ["phone_number": "+44 2", "phone_number_verified": true])
        #expect(changed.claims["phone_number"] == "+44 2" && changed.claims["phone_number_verified"] == nil)
        let members = try await house.issuer.records("profile_changed").last?.details["members"]
        #expect(members == ["phone_number", "phone_number_verified"])
    }

    @Test("values that no account may have are skipped, and explain says which")
    func invalid() async throws {
        let house = try await house(["copy_profile": "each_sign_in"])
        let before = try await house.user()
        let user = try await arrive(
            house,
            [
                "name": .string(String(repeating: "x", count: 256)), "nickname": "a\u{0}b",
                "picture": "javascript:alert(1)",
                "address": ["country": 1], "dept": "green", "level": "third", "x": "not declared", "phone_number": "+1",
            ])
        #expect(user.claims == before.claims && user.attributes == before.attributes)
        let notes = try await house.issuer.records("signed_in").last?.notes ?? []
        for part in [
            "claim name", "claim nickname", "claim picture", "claim address", "attribute team", "attribute floor",
            "attribute odd",
        ] {
            #expect(notes.contains { $0.contains(part) }, "\(part)")
        }
        #expect(!notes.contains { $0.contains("javascript") || $0.contains("green") })
    }

    @Test("roles and groups are given and taken at each sign-in, only those that the rules name, and recorded")
    func memberships() async throws {
        let house = try await house()
        let alice = try await house.user()
        let own = Membership(roles: ["auditor"], groups: ["chess"])
        #expect(try await house.stores.users.replaceMembership(of: alice.id, from: Membership(), to: own))
        let staff = try await arrive(house, ["groups": ["staff", "admins", "auditor", "root"]])
        #expect(staff.roles == ["auditor", "employee", "admin"] && staff.groups == ["chess", "everyone"])
        let fewer = try await arrive(house, ["groups": "staff"])
        #expect(fewer.roles == ["auditor", "employee"] && fewer.groups == ["chess", "everyone"])
        let none = try await arrive(house, [:])
        #expect(none.membership == own)
        let given = try await house.issuer.records("membership_given")
        #expect(given.map { $0.details["roles"] } == [["employee", "admin"]])
        #expect(given.map(\.actor) == ["system"])
        let taken = try await house.issuer.records("membership_withdrawn").map { $0.details["roles"] }
        #expect(taken == [["admin"], ["employee"]])
    }

    @Test("memberships copied once are given at the first sign-in and never taken")
    func membershipsOnce() async throws {
        let house = try await house(["copy_memberships": "once"])
        #expect(try await arrive(house, ["groups": ["staff"]]).roles == ["employee"])
        #expect(try await arrive(house, ["groups": ["admins"]]).roles == ["employee"])
    }

    @Test("a new account gets its profile, attributes, roles and groups at once")
    func newAccount() async throws {
        var members = Self.rules
        members["sign_up"] = "create"
        let house = try await UpstreamCase(members)
        try await house.issuer.apply(#"{"attributes": [{"name": "team", "values": ["red", "blue"]}]}"#)
        house.upstream.change {
            $0.userInfo = [
                "preferred_username": "octocat", "dept": "red", "groups": ["admins"], "picture": "https://p.example/1",
            ]
        }
        _ = try await house.arrive(house.visitor())
        let user = try await house.user("octocat")
        #expect(user.claims == ["name": "Alice Liddell", "picture": "https://p.example/1"])
        #expect(user.attributes == ["team": "red"] && user.roles == ["admin"])
        #expect(try await house.issuer.records("membership_given").last?.user == user.id.rawValue)
    }

    @Test("a role that a rule gives demands its second factor at this sign-in, and one it takes no longer does")
    func demandingRole() async throws {
        let house = try await house()
        try await house.issuer.apply(
            #"{"roles": [{"name": "admin", "permissions": [], "minimum_acr": "urn:martlet:acr:2"}]}"#)
        house.upstream.change { $0.userInfo = ["groups": ["admins"]] }
        let visitor = house.visitor()
        #expect(try await house.arrive(visitor).page().template == "enrol")
        await #expect(throws: Unexpected.self) { try await house.session(visitor.browser) }
        house.upstream.change { $0.userInfo = [:] }
        #expect(try await house.arrive(house.visitor()).page().template == "consent")
    }

    @Test("a change at the same moment is not lost", arguments: TestEngine.allCases)
    func concurrent(_ engine: TestEngine) async throws {
        let house = try await UpstreamCase(
            ["copy_profile": "each_sign_in", "memberships": [["claim": "g", "value": "a", "roles": ["employee"]]]],
            engine: engine)
        let alice = try await house.user()
        for number in 0..<12 { try await house.issuer.administration.save(Role(name: "r\(number)", permissions: [])) }
        let upstream = try #require(try await house.issuer.core.upstreams.findEnabled(Identifier(rawValue: "up")))
        let mapped = MappedClaims(["g": "a", "nickname": "Al"], of: upstream, declared: AttributeCatalog([]))
        let copying = UpstreamCopying(house.issuer.core)
        _ = try await TestSupport.race(12) { number in
            guard number % 2 == 0 else {
                return try await house.issuer.administration.assign(Membership(roles: ["r\(number)"]), to: alice.id)
            }
            _ = try await copying.copy(mapped, to: alice.id, by: upstream.accountRules, isFirst: false)
        }
        let user = try await house.user()
        #expect(Set(user.roles) == ["employee", "r1", "r3", "r5", "r7", "r9", "r11"])
        #expect(user.claims["nickname"] == "Al" && user.claims["name"] == "Alice Liddell")
    }

    @Test("pages name an account without characters that hide or disguise what they show")
    func label() async throws {
        let house = try await UpstreamCase()
        house.upstream.change { $0.userInfo = ["preferred_username": "a\u{202E}\u{0}lice", "name": .null] }
        #expect(try await house.arrive(house.visitor()).page().text("label") == "alice")
        house.upstream.change {
            $0.userInfo = [
                "preferred_username": " ", "email": .null, "name": .string(String(repeating: "é", count: 300)),
            ]
        }
        #expect(try await house.arrive(house.visitor()).page().text("label").count == 128)
        house.upstream.change { $0.userInfo = ["email": .null, "name": .null] }
        #expect(try await house.arrive(house.visitor()).page().text("label") == "u-1")
    }
}
