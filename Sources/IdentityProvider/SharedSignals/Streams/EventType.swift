/// The type of a security event: a URI (RFC 8417 §2.2).
package struct EventType: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    private init(_ profile: String, _ name: String) {
        rawValue = "https://schemas.openid.net/secevent/\(profile)/event-type/\(name)"
    }
}

extension EventType {
    /// OpenID CAEP §3.1.
    package static let sessionRevoked = EventType("caep", "session-revoked")
    /// OpenID CAEP §3.3.
    package static let credentialChange = EventType("caep", "credential-change")
    /// OpenID RISC §2.
    package static let accountDisabled = EventType("risc", "account-disabled")
    package static let accountEnabled = EventType("risc", "account-enabled")
    package static let accountPurged = EventType("risc", "account-purged")
    /// The types that receivers may request.
    package static let supported: [EventType] = [
        sessionRevoked, credentialChange, accountDisabled, accountEnabled, accountPurged,
    ]

    /// Events about the stream itself, which every receiver gets (OpenID SSF §8.1.4, §8.1.5).
    static let verification = EventType("ssf", "verification")
    static let streamUpdated = EventType("ssf", "stream-updated")
}
