import Foundation
import TestSupport
import Testing

@Suite("The diagram of back-channel logout", .serialized)
struct LogoutSequenceTests {
    @Test("the diagram of a sign-out on the account page that an application is told of is up to date")
    func backChannel() async throws {
        let folder = try Folder()
        let port = try freePort()
        let receiver = try LogoutReceiver(in: folder.url, issuer: "http://localhost:\(port)", verifies: false)
        try receiver.start()
        try folder.write(
            "resources.yaml",
            MartletNodes.resources.replacing(
                "    consent: skip\n",
                with: """
                        consent: skip
                        backchannel_logout_uri: \(receiver.uri)
                        private_network: true

                    """))
        let server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url, port: port)
        let client = WebClient(origin: server.issuer)
        let answer = try await client.signIn(MartletNodes.query, username: "bob", password: MartletNodes.password)
        let flow = TracedFlow()
        let form = MartletNodes.redemption(of: try #require(answer.answer["code"]))
        let tokens = try await client.post("/token", form, headers: [MartletNodes.secret])
        _ = flow.request(.application, "POST /token: code", tokens)
        let page = try await client.get("/account")
        let out = try await client.post("/account/sessions", page.form.fields + [("here", "yes")])
        _ = flow.request(.browser, "POST /account/sessions: sign out", out)
        flow.work("logout.notify")
        try await until("the application was told") { try receiver.taken.count == 1 }
        let diagram = flow.diagram(try await SequenceTests.finish(server, [flow]))
        #expect(diagram.messages.contains(Message(.martlet, .application, "POST with logout_token")))
        try SequenceTests.compare(
            diagram, "back-channel-logout", title: "Back-channel logout",
            text: """
                A user signs out on the account page. The transaction that ends the session stores a notice for each \
                application that got a token in it, and Martlet tells the application afterward.
                """)
    }
}
