import Foundation

/// Glewlwyd, an OpenID Provider written in C, with the users `alice` and `bob` and one client. It ends with the process
/// that started it.
///
/// Its pages need a browser with JavaScript. Cookies don't tell ports apart, so a browser can be signed in to only one
/// such server on `localhost`.
package final class GlewlwydServer: Sendable {
    private let script: RunningScript
    private let folder: Folder
    package let port: Int

    package static let clientID = "martlet"
    package static let clientSecret = "secret-of-the-client-at-glewlwyd"

    /// The password of a user. Alice's email is verified, Bob's is not.
    package static func password(of username: String) -> String { "glewlwyd password of \(username)" }

    /// Starts the server with a client that may use these URIs.
    package init(
        port: Int? = nil, redirectURI: String, postLogoutRedirectURI: String? = nil,
        backchannelLogoutURI: String? = nil
    ) async throws {
        let port = try port ?? freePort()
        let folder = try Folder()
        var arguments = [
            folder.url.appending(path: "server").path(), String(port), "client_id=\(Self.clientID)",
            "client_secret=\(Self.clientSecret)", "redirect_uri=\(redirectURI)",
        ]
        if let postLogoutRedirectURI { arguments.append("post_logout_redirect_uri=\(postLogoutRedirectURI)") }
        if let backchannelLogoutURI { arguments.append("backchannel_logout_uri=\(backchannelLogoutURI)") }
        script = try await RunningScript(listening: "glewlwyd", arguments, log: folder.url.appending(path: "output"))
        (self.folder, self.port) = (folder, port)
    }

    package var issuer: String { "http://localhost:\(port)/api/oidc" }

    package var log: String {
        (try? String(contentsOf: folder.url.appending(path: "server/log"), encoding: .utf8)) ?? ""
    }
}
