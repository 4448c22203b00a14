import Foundation
import TestSupport
import Testing

@Suite("The diagram of the device grant in docs/sequences matches the program")
struct DeviceSequenceTests {
    private static let grant = "urn:ietf:params:oauth:grant-type:device_code"

    @Test("the diagram of a device, from its codes to its tokens, is up to date")
    func flow() async throws {
        let folder = try Folder()
        try folder.write(
            "resources.yaml",
            """
            clients:
              - client_id: tv
                token_endpoint_auth_method: none
                grant_types: ["\(Self.grant)"]
                scope: openid profile
            users:
              - {username: alice, password: down-the-rabbit-hole, name: Alice Liddell}
            """)
        let server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url)
        let (device, browser, flow) = (WebClient(origin: server.issuer), WebClient(origin: server.issuer), TracedFlow())
        let asked = flow.request(
            .device, "POST /device_authorization",
            try await device.post("/device_authorization", [("client_id", "tv"), ("scope", "openid profile")]))
        let codes = try json(asked.body)
        let code = try #require(codes["device_code"] as? String)
        func poll() async throws -> WebClient.Answer {
            try await flow.request(
                .device, "POST /token: device code",
                device.post("/token", [("grant_type", Self.grant), ("device_code", code), ("client_id", "tv")]))
        }
        #expect(try await poll().status == 400)
        let address = try #require(codes["verification_uri_complete"] as? String)
        var page = try await flow.follow(
            browser,
            flow.request(
                .browser, "GET /device with user_code", browser.get(String(address.dropFirst(server.issuer.count)))))
        for (label, fields) in [
            ("username and password", [("username", "alice"), ("password", "down-the-rabbit-hole")]),
            ("user code", [("user_code", String(address.suffix(9)))]), ("approval", [("decision", "allow")]),
        ] {
            let form = page.form
            let answer = try await browser.post(form.action, form.fields + fields)
            page = try await flow.follow(browser, flow.request(.browser, "POST \(form.action): \(label)", answer))
        }
        #expect(try await poll().status == 200)
        let diagram = flow.diagram(try await SequenceTests.finish(server, [flow]))
        #expect(diagram.messages.contains(Message(.martlet, .storage, "device_authorizations.answer")))
        try SequenceTests.compare(
            diagram, "device", title: "Device",
            text: "A device shows a code. Its user enters it in a browser and approves, while the device polls.")
    }
}
