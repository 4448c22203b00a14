import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("RFC 9396 §6.1: comparing authorization details")
struct DetailNarrowingTests {
    private static func details(_ items: [JSONObject]) throws -> AuthorizationDetails {
        try #require(AuthorizationDetails(reading: .array(items.map(JSON.object))))
    }

    private static func folder(_ changes: JSONObject) -> JSONObject { DetailsCase.folder.changed(by: changes) }
    private static func payment(_ changes: JSONObject) -> JSONObject { DetailsCase.payment.changed(by: changes) }

    @Test(
        "RFC9396-004: each member narrows by its own rule, and must be equal without one",
        arguments: [
            (folder([:]), true),
            // at_most
            (folder(["megabytes": 100]), true), (folder(["megabytes": 1]), true), (folder(["megabytes": 101]), false),
            (folder(["megabytes": .null]), false),
            // subset
            (folder(["access": ["read"]]), true), (folder(["access": ["write", "read"]]), true),
            (folder(["access": []]), false), (folder(["access": ["read", "delete"]]), false),
            (folder(["access": .null]), false),
            // equal
            (folder(["path": "/"]), false), (folder(["isShared": true]), false), (folder(["isShared": false]), false),
            (folder(["type": "payment"]), false),
        ] as [(JSONObject, Bool)])
    func members(_ requested: JSONObject, isWithin: Bool) throws {
        let catalog = try DetailsCase.catalog()
        #expect(
            try catalog.permits(Self.details([requested]), within: Self.details([DetailsCase.folder])) == isWithin)
    }

    @Test("RFC9396-004: texts are compared by code points, so that look-alikes don't pass")
    func exact() throws {
        let catalog = try DetailsCase.catalog()
        let (composed, decomposed) = (Self.folder(["path": "/\u{E9}"]), Self.folder(["path": "/e\u{301}"]))
        #expect(try !catalog.permits(Self.details([decomposed]), within: Self.details([composed])))
        #expect(try catalog.permits(Self.details([composed]), within: Self.details([composed])))
    }

    @Test("RFC9396-004: nested members are compared as well")
    func nested() throws {
        let catalog = try DetailsCase.catalog()
        for (changes, isWithin) in [
            (["amount": ["value": "123.50", "currency": "EUR"]], true),
            (["amount": ["currency": "USD", "value": "123.50"]], false),
            (["creditor": ["name": "Merchant Ltd"]], false), (["actions": ["cancel"]], true),
            (["reference": "more"], false),
        ] as [(JSONObject, Bool)] {
            #expect(
                try catalog.permits(
                    Self.details([Self.payment(changes)]), within: Self.details([DetailsCase.payment])) == isWithin)
        }
    }

    @Test(
        "RFC9396-004: no granted detail counts twice, whatever the order",
        arguments: [
            ([60, 60], [100], false), ([60], [100, 50], true), ([40, 80], [100, 50], true),
            ([80, 40], [50, 100], true),
            ([60, 60], [100, 50], false), ([10, 20, 30], [30, 20, 10], true), ([10, 20, 30], [30, 20, 9], false),
            ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1, 0], false),
        ])
    func pairs(_ requested: [Int], _ granted: [Int], isWithin: Bool) throws {
        func details(_ sizes: [Int]) throws -> AuthorizationDetails {
            try Self.details(sizes.map { Self.folder(["megabytes": .integer($0)]) })
        }
        #expect(try DetailsCase.catalog().permits(details(requested), within: details(granted)) == isWithin)
    }
}
