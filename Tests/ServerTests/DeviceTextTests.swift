import Foundation
import HTTPTypes
import IdentityProvider
import Testing

@testable import Server

@Suite("The pages that connect a device, as their users see them", .timeLimit(.minutes(1)))
struct DeviceTextTests {
    private func html(_ page: Page, _ language: String) throws -> String {
        let answer = try PageRenderer(name: "Martlet")
            .render(page, status: .ok, headers: [:], for: language, name: nil)
        return String(decoding: answer.body, as: UTF8.self)
    }

    private static let data: [String: Page.Value] = [
        "action": "/device/approve", "request": "sealed", "form_token": "token", "user_code": "BCDF-GHJK",
        "user": ["name": "Alice", "username": "alice"], "client": ["name": "Television"], "address": "192.0.2.1",
        "has_access": true, "requested_access": .list([["scopes": .list([["scope": "openid", "is_openid": true]])]]),
    ]

    @Test(
        "RFC10027-015 RFC10027-016: the approval page warns, and denies as easily as it allows",
        arguments: [
            (
                "en",
                "Only continue if you started this on a device you have in front of you. If someone sent you this code, deny."
            ),
            ("de", "Wenn Ihnen jemand diesen Code geschickt hat, lehnen Sie ab."),
        ])
    func warning(_ language: String, _ text: String) throws {
        let page = try html(Page("approve-device", data: Self.data), language)
        #expect(page.contains(text))
        #expect(page.contains("BCDF-GHJK") && page.contains("Television") && page.contains("192.0.2.1"))
        let buttons = page.matches(of: #/<button [^>]*>/#).map { String($0.output) }
        #expect(buttons.count == 2)
        // Apart from their values, the buttons are the same, and neither is the primary one.
        #expect(Set(buttons.map { $0.replacing(#/value="(deny|allow)"/#, with: "") }).count == 1)
        #expect(!page.contains("class=\"primary\""))
        #expect(!page.contains("class=\"alert"))
    }

    @Test(
        "a device in another network or country is pointed out", arguments: ["other_network", "other_country"],
        ["en", "de"])
    func place(_ place: String, _ language: String) throws {
        let page = try html(
            Page("approve-device", data: Self.data.merging(["is_\(place)": true]) { $1 }), language)
        #expect(page.components(separatedBy: "class=\"alert").count == 2)
    }

    @Test("a user agent, an address and a client's name can't add markup")
    func escaping() throws {
        var data = Self.data
        for name in ["address", "browser", "user_code"] { data[name] = "<script>alert(1)</script>" }
        data["client"] = ["name": "<script>alert(1)</script>"]
        #expect(try !html(Page("approve-device", data: data), "en").contains("<script>alert"))
        #expect(try !html(Page("device", data: data), "en").contains("<script>alert"))
    }
}
