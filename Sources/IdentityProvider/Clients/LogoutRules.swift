import FoundationEssentials
import JOSE

/// How a client learns that a session has ended in which it got a token.
package struct LogoutRules: Sendable, Hashable {
    /// Where logout tokens are sent (OpenID Connect Back-Channel Logout §2.2).
    let backChannelURI: String?
    /// Where browsers are sent, in a frame of the signed-out page (OpenID Connect Front-Channel Logout §2).
    let frontChannelURI: String?
    /// Whether `frontChannelURI` gets the issuer and the session as `iss` and `sid`.
    let frontChannelNeedsSession: Bool
    /// Whether a session that expires counts as ended. Registered as `backchannel_logout_on_expiry`, a Martlet
    /// extension.
    let includesExpiry: Bool
    /// Whether authentication responses have a `session_state`, about which the client asks in a frame (OpenID Connect
    /// Session Management §2). Registered as `session_management`, a Martlet extension.
    let usesSessionManagement: Bool

    init(_ reader: inout DocumentReader) {
        backChannelURI = reader.value("backchannel_logout_uri", Self.uri)
        frontChannelURI = reader.value("frontchannel_logout_uri", Self.uri)
        frontChannelNeedsSession = reader.flag("frontchannel_logout_session_required") ?? false
        includesExpiry = reader.flag("backchannel_logout_on_expiry") ?? false
        usesSessionManagement = reader.flag("session_management") ?? false
        // Every logout token names the session.
        let needsSession = reader.flag("backchannel_logout_session_required") ?? false
        if backChannelURI == nil, includesExpiry || needsSession, !reader.hasProblem(in: "backchannel_logout_uri") {
            let name = includesExpiry ? "backchannel_logout_on_expiry" : "backchannel_logout_session_required"
            reader.report(name, "requires backchannel_logout_uri")
        }
        if frontChannelURI == nil, frontChannelNeedsSession, !reader.hasProblem(in: "frontchannel_logout_uri") {
            reader.report("frontchannel_logout_session_required", "requires frontchannel_logout_uri")
        }
    }

    /// Checks rules that involve other members of the client.
    func check(_ client: Client, _ reader: inout DocumentReader) {
        if let origin = frontChannelURI.map(Origin.serialized), !client.webOrigins.contains(where: { $0 == origin }) {
            reader.report(
                "frontchannel_logout_uri",
                "must have the scheme, host and port of a redirect URI (OpenID Connect Front-Channel Logout §2)")
        }
        if usesSessionManagement, client.webOrigins.isEmpty {
            reader.report("session_management", "requires a redirect URI with http or https")
        }
    }

    private static func uri(_ text: String) throws(InvalidValue) -> String {
        let redirect = try RedirectURI(text)
        guard !redirect.hasPrivateUseScheme, text.utf8.count <= 2_048 else {
            throw InvalidValue("must be an https URL of at most 2,048 characters")
        }
        return text
    }

    /// What the client must be told; `nil` if it registered no URI.
    package var interest: LogoutInterest? {
        guard backChannelURI != nil || frontChannelURI != nil else { return nil }
        return LogoutInterest(isNotified: backChannelURI != nil, isNotifiedOfExpiry: includesExpiry)
    }
}

/// What a client wants to know about the sessions in which it gets tokens, as stored with each of them.
package struct LogoutInterest: Sendable, Hashable {
    /// Whether it gets a logout token when the session ends.
    package let isNotified: Bool
    /// Whether it also gets one when the session expires.
    package let isNotifiedOfExpiry: Bool

    package init(isNotified: Bool, isNotifiedOfExpiry: Bool = false) {
        self.isNotified = isNotified
        self.isNotifiedOfExpiry = isNotifiedOfExpiry
    }
}
