import Foundation

/// An OAuth 2 provider on Authlib in GitHub's manner, without OpenID Connect. It ends with the process that started it.
package final class OAuthProviderServer: Sendable {
    package struct User: Encodable, Sendable {
        package struct Email: Encodable, Sendable {
            package let email: String
            package let primary: Bool
            package let verified: Bool

            package init(_ email: String, primary: Bool = true, verified: Bool = true) {
                (self.email, self.primary, self.verified) = (email, primary, verified)
            }
        }

        package let id: Int
        package let login: String
        package let password: String
        package let name: String?
        package let emails: [Email]

        package init(id: Int, login: String, password: String, name: String?, emails: [Email]) {
            (self.id, self.login, self.password, self.name, self.emails) = (id, login, password, name, emails)
        }

        package static let alice = User(
            id: 583_231, login: "alice", password: "provider password of alice", name: "Alice Liddell",
            emails: [Email("alice@work.example", primary: false), Email("alice@example.com")])
        /// A user without a verified email and without a name.
        package static let bob = User(
            id: 583_232, login: "bob", password: "provider password of bob", name: nil,
            emails: [Email("bob@example.com", verified: false)])
    }

    private let script: RunningScript
    private let folder: Folder
    package let port: Int

    package static let clientID = "martlet"
    package static let clientSecret = "secret-of-the-client-at-the-oauth-provider"

    package init(port: Int? = nil, redirectURI: String, users: [User] = [.alice, .bob]) async throws {
        let port = try port ?? freePort()
        let folder = try Folder()
        let list = String(decoding: try JSONEncoder().encode(users), as: UTF8.self)
        let arguments = [
            String(port), "client_id=\(Self.clientID)", "client_secret=\(Self.clientSecret)",
            "redirect_uri=\(redirectURI)", "users=\(list)",
        ]
        script = try await RunningScript(
            listening: "oauth-provider", arguments, log: folder.url.appending(path: "output"))
        (self.folder, self.port) = (folder, port)
    }

    package var origin: String { "http://localhost:\(port)" }
    package var authorizationEndpoint: String { "\(origin)/authorize" }
    package var tokenEndpoint: String { "\(origin)/token" }
    package var userEndpoint: String { "\(origin)/user" }
    package var emailsEndpoint: String { "\(origin)/user/emails" }
}
