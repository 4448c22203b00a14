import Foundation
import TestSupport
import Testing

/// A provider, clients with sessions of their own, and a browser.
struct LogoutScene {
    let server: RunningServer
    let browser: Chromium
    private let parties: [String: RelyingParty]
    private let folder: Folder

    /// `behaviors` says how each client responds to a front-channel logout. The provider is at `localhost`, and clients
    /// at `127.0.0.1` are on another site.
    init(
        _ behaviors: KeyValuePairs<String, String>, at host: String = "localhost",
        members: (RelyingParty) -> String = \.frontChannel
    ) async throws {
        folder = try Folder()
        let port = try freePort()
        let issuer = "http://localhost:\(port)"
        var parties: [String: RelyingParty] = [:]
        for (id, behavior) in behaviors { parties[id] = try await RelyingParty(id, at: host, of: issuer, behavior) }
        self.parties = parties
        let clients = parties.values.map { $0.resource(members($0)) }.joined(separator: ", ")
        let users = """
            {"username": "alice", "password": "\(Self.password)"}, {"username": "bob", "password": "\(Self.password)"}
            """
        try folder.write("resources.yaml", "{\"users\": [\(users)], \"clients\": [\(clients)]}")
        server = try await RunningServer(["--apply", "resources.yaml"], in: folder.url, port: port, issuer: issuer)
        browser = try await Chromium()
    }

    func party(_ id: String) throws -> RelyingParty { try #require(parties[id]) }

    /// Signs in to the clients, with a password at the first.
    func signIn(_ clients: String..., as user: String = "alice") async throws {
        for client in clients {
            let party = try party(client)
            try await browser.open("\(party.origin)/sign-in")
            if client == clients.first {
                try await browser.wait(for: "document.querySelector('#password') !== null")
                try await browser.type(user, into: "#username")
                try await browser.type(Self.password, into: "#password")
                try await browser.click("button[type=submit]")
            }
            try await browser.wait(for: "location.href.startsWith('\(party.origin)/callback')")
            #expect(try await isSignedIn(at: party))
        }
    }

    /// Whether the browser has a session at the client. Leaves the page.
    func isSignedIn(at party: RelyingParty) async throws -> Bool {
        try await browser.open(party.origin)
        return try await browser.evaluate("document.body.innerText.includes('id_token')") == "true"
    }

    func end() async throws {
        try await browser.quit()
        try await server.stop()
    }

    static let password = "down the rabbit hole"
}
