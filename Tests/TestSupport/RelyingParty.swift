import Foundation

/// An OpenID Connect client with a session of its own, in its own process. It ends with the process that started it.
package final class RelyingParty: Sendable {
    package let id: String
    package let port: Int
    private let secret = UUID().uuidString
    private let folder: Folder
    private let script: RunningScript
    /// Without cookies.
    private let visitor: WebClient

    /// Of another site than `localhost`, if it is `127.0.0.1`.
    private let host: String

    package var origin: String { "http://\(host):\(port)" }

    /// `behavior` is how it responds to a front-channel logout: `end`, `hang`, `attack` or `redirect:URL`.
    package init(_ id: String, at host: String, of issuer: String, _ behavior: String) async throws {
        self.id = id
        self.host = host
        port = try freePort()
        folder = try Folder()
        script = try await RunningScript(
            listening: "relying-party", [String(port), issuer, id, secret, behavior],
            log: folder.url.appending(path: "log"))
        visitor = WebClient(origin: "http://localhost:\(port)")
    }

    /// The client in a resource file, as JSON, with further members.
    package func resource(_ members: String) -> String {
        """
        {"client_id": "\(id)", "client_secret": "\(secret)", "consent": "skip",
         "redirect_uris": ["\(origin)/callback"], "post_logout_redirect_uris": ["\(origin)/bye"]\(members)}
        """
    }

    /// The members of a client that is told through the browser.
    package var frontChannel: String {
        """
        , "frontchannel_logout_uri": "\(origin)/logout?from=provider&copy=1", "frontchannel_logout_session_required": true
        """
    }

    /// The paths, queries and referrers of the requests that it got.
    package func asked() async throws -> [(path: String, referrer: String?)] {
        let text = try await visitor.get("/asked").body
        let requests = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]] ?? []
        return requests.map { ($0["path"] as? String ?? "", $0["referrer"] as? String) }
    }

    /// The requests for a front-channel logout.
    package func logouts() async throws -> [(path: String, referrer: String?)] {
        try await asked().filter { $0.path.hasPrefix("/logout") }
    }
}
