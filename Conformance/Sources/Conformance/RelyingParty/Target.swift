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
    /// The two clients of the FAPI 2.0 plans. In their `client_id`, `{client_auth}`, `{sender_constrain}`,
    /// `{request_method}` and `{response_mode}` stand for the values of the variant.
    package var fapi: [Registration]?
    /// What the client `rich` may request (RFC 9396).
    package var authorizationDetails: ExampleDetails?
    /// A resource that tokens of plain OAuth give access to, as a URL or a path at the issuer.
    package var resource: String?
    package var pages: PageHabits?
    /// Where the provider reaches the program, which then plays clients and event receivers.
    package var receiver: ReceiverAddress?
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
        case issuer, clients, user, pages, fapi, resource, receiver
        case otherUser = "other_user"
        case secondFactorUser = "second_factor_user"
        case authorizationDetails = "authorization_details"
        case loginHint = "login_hint"
        case uiLocales = "ui_locales"
        case acrValues = "acr_values"
    }
}

/// A client registered at the provider, with the member names of RFC 7591.
package struct Registration: Sendable, Codable {
    package var clientID: String
    /// The name that pages show.
    package var name: String?
    package var clientSecret: String?
    package var authentication: String?
    package var redirectURIs: [String]
    package var postLogoutRedirectURIs: [String]?
    /// Must lead to the `receiver` of the target.
    package var backChannelLogoutURI: String?
    package var frontChannelLogoutURI: String?
    /// A private key as a JWK (P-256, Ed25519 or RSA), for `private_key_jwt` and signed request objects.
    package var privateKey: JSON?
    /// For mutual TLS.
    package var certificate: ClientCertificate?
    /// The API scope that a client requests for itself, or in the plain OAuth variants of the FAPI 2.0 plans.
    package var scope: String?

    package init(clientID: String, clientSecret: String? = nil, redirectURIs: [String] = []) {
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirectURIs = redirectURIs
    }

    private enum CodingKeys: String, CodingKey {
        case scope, certificate
        case clientID = "client_id"
        case name = "client_name"
        case clientSecret = "client_secret"
        case authentication = "token_endpoint_auth_method"
        case redirectURIs = "redirect_uris"
        case postLogoutRedirectURIs = "post_logout_redirect_uris"
        case backChannelLogoutURI = "backchannel_logout_uri"
        case frontChannelLogoutURI = "frontchannel_logout_uri"
        case privateKey = "private_key"
    }

    package var method: String { authentication ?? "client_secret_basic" }
}

/// The address of the program's own server.
package struct ReceiverAddress: Sendable, Codable {
    /// What URLs registered at the provider start with.
    package var url: String
    /// The loopback port that the URL leads to, such as by way of a proxy.
    package var port: Int
}

/// Examples of `authorization_details` (RFC 9396 §2), each an array of objects.
package struct ExampleDetails: Sendable, Codable {
    package var valid: JSON
    /// Grants less than `valid`.
    package var narrower: JSON
    /// Grants more than `valid`.
    package var wider: JSON
    /// Arrays of a known type that violate its declaration, each in another way.
    package var invalid: [JSON]
    /// Valid, with a string that contains markup.
    package var markup: JSON?
    /// Texts that the consent page shows for `valid`.
    package var shown: [String]
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
    /// Sends signed request objects and gets signed userinfo responses.
    package static let signed = Role(rawValue: "signed")
    /// Has registered unsigned request objects.
    package static let unsigned = Role(rawValue: "unsigned")
    /// Uses the `client_credentials` grant.
    package static let service = Role(rawValue: "service")
    /// A resource server that introspects tokens.
    package static let api = Role(rawValue: "api")
    /// Gets logout tokens.
    package static let backChannel = Role(rawValue: "back_channel")
    package static let otherBackChannel = Role(rawValue: "other_back_channel")
    /// Has a `frontchannel_logout_uri`.
    package static let frontChannel = Role(rawValue: "front_channel")
    /// Uses the device authorization grant, without a secret.
    package static let device = Role(rawValue: "device")
    /// Uses the device authorization grant, with a secret.
    package static let otherDevice = Role(rawValue: "other_device")
    /// Receives security events about every user.
    package static let eventReceiver = Role(rawValue: "event_receiver")
    /// Receives security events about the users that it adds.
    package static let otherEventReceiver = Role(rawValue: "other_event_receiver")
    /// Requests `authorization_details`.
    package static let rich = Role(rawValue: "rich")
    /// Gets `session_state`.
    package static let sessionManagement = Role(rawValue: "session_management")
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
            + (Array(clients.values) + (fapi ?? [])).compactMap { $0.privateKey?["d"]?.string }
            + [user, otherUser, secondFactorUser].compactMap(\.self).flatMap { [$0.password, $0.totpSecret ?? ""] }
    }
}

/// An invalid input file, or a server that can't be started.
package struct InvalidTarget: Error, CustomStringConvertible {
    package let reason: String
    package var description: String { reason }
}
