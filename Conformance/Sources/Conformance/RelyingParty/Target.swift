import Foundation

/// The provider under test and the clients and users registered there, read from a JSON file.
package struct Target: Sendable, Codable {
    package var issuer: String
    package var clients: [String: Registration]
    package var user: Account
    /// A second user, for tests that one user can't access another's data.
    package var otherUser: Account?
    /// A user with an authenticator app.
    package var secondFactorUser: Account?
    package var pages: PageHabits?
    /// The `login_hint` to send. Defaults to an address at the issuer's host.
    package var loginHint: String?
    package var uiLocales: String?
    package var acrValues: String?

    package init(issuer: String, clients: [String: Registration], user: Account) {
        self.issuer = issuer
        self.clients = clients
        self.user = user
    }

    private enum CodingKeys: String, CodingKey {
        case issuer, clients, user, pages
        case otherUser = "other_user"
        case secondFactorUser = "second_factor_user"
        case loginHint = "login_hint"
        case uiLocales = "ui_locales"
        case acrValues = "acr_values"
    }
}

/// A client registered at the provider, with the member names of RFC 7591.
package struct Registration: Sendable, Codable {
    package var clientID: String
    package var clientSecret: String?
    package var authentication: String?
    package var redirectURIs: [String]
    package var postLogoutRedirectURIs: [String]?
    /// A private P-256 key as a JWK, for `private_key_jwt`.
    package var privateKey: JSON?
    /// The API scope that a `client_credentials` client requests.
    package var scope: String?

    package init(clientID: String, clientSecret: String? = nil, redirectURIs: [String] = []) {
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirectURIs = redirectURIs
    }

    private enum CodingKeys: String, CodingKey {
        case scope
        case clientID = "client_id"
        case clientSecret = "client_secret"
        case authentication = "token_endpoint_auth_method"
        case redirectURIs = "redirect_uris"
        case postLogoutRedirectURIs = "post_logout_redirect_uris"
        case privateKey = "private_key"
    }

    package var method: String { authentication ?? "client_secret_basic" }
}

/// A user's credentials.
package struct Account: Sendable, Codable {
    package var username: String
    package var password: String
    /// The TOTP secret in base32.
    package var totpSecret: String?

    package init(username: String, password: String, totpSecret: String? = nil) {
        self.username = username
        self.password = password
        self.totpSecret = totpSecret
    }

    private enum CodingKeys: String, CodingKey {
        case username, password
        case totpSecret = "totp_secret"
    }
}

/// The role of a client in the tests, which is its key in the target file.
package struct Role: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let first = Role(rawValue: "first")
    package static let second = Role(rawValue: "second")
    /// Uses `client_secret_post`.
    package static let post = Role(rawValue: "client_secret_post")
    package static let publicClient = Role(rawValue: "public")
    package static let privateKey = Role(rawValue: "private_key_jwt")
    /// Uses the `client_credentials` grant.
    package static let service = Role(rawValue: "service")
    /// A resource server that introspects tokens.
    package static let api = Role(rawValue: "api")
}

extension Target {
    /// Reads the file at `path`. Throws `InvalidTarget` with the reason.
    package static func read(_ path: String) throws -> Target {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InvalidTarget(reason: "\(path) cannot be read; check that it exists and that this user may read it")
        }
        do { return try JSONDecoder().decode(Target.self, from: data) } catch {
            throw InvalidTarget(reason: "\(path): \(error)")
        }
    }

    /// The values that reports must mask.
    package var secrets: [String] {
        clients.values.compactMap(\.clientSecret)
            + [user, otherUser, secondFactorUser].compactMap(\.self).flatMap { [$0.password, $0.totpSecret ?? ""] }
    }
}

/// An invalid input file, or a server that can't be started.
package struct InvalidTarget: Error, CustomStringConvertible {
    package let reason: String
    package var description: String { reason }
}
