import Crypto
package import FoundationEssentials
package import JOSE

/// What a security event says, before it is addressed to a stream.
package struct SecuritySignal: Sendable, Hashable {
    /// The same for the same cause, so that a batch stored twice makes no second event.
    package let id: String
    package let type: EventType
    /// The user whom it concerns; `nil` for an event about the stream itself.
    package let user: Identifier<User>?
    package let createdAt: Date
    /// The claims that are the same for every stream: `iat`, `txn`, `sub_id` and `events`.
    package let claims: JSONObject

    /// `content` are the claims of the event (RFC 8417 §2.2).
    package init(
        id: String, _ type: EventType, about subject: JSONObject, user: Identifier<User>? = nil,
        _ content: JSONObject = [:], transaction: String? = nil, at moment: Date
    ) {
        self.id = id
        self.type = type
        self.user = user
        createdAt = moment
        var claims: JSONObject = ["iat": .integer(Int(moment.timeIntervalSince1970))]
        claims["txn"] = .string(transaction ?? Self.digest(id))
        // Never `sub`, and never `exp`: a SET must not pass as an ID Token (RFC 8417 §4.1; OpenID SSF §4.1.2, §4.1.7).
        claims["sub_id"] = .object(subject)
        claims["events"] = .object(JSONObject([(type.rawValue, .object(content))]))
        self.claims = claims
    }

    /// Seals the claims, so that writing to the database makes no event that we would sign.
    func sealed(by sealer: Sealer) throws -> SealedSignal {
        SealedSignal(signal: self, claims: try sealer.seal(claims.serialized(), for: .securityEvent))
    }

    /// The `jti` of the event in one stream.
    package func identifier(in stream: Identifier<EventStream>) -> Identifier<SecurityEvent> {
        Identifier(rawValue: Self.digest("\(id) \(stream)"))
    }

    /// Receivers get digests, because a place in the audit log says how much happens here.
    private static func digest(_ text: String) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array(text.utf8))))
    }
}

/// A signal whose claims only this issuer can read and make.
package struct SealedSignal: Sendable {
    package let signal: SecuritySignal
    package let claims: [UInt8]

    package init(signal: SecuritySignal, claims: [UInt8]) {
        self.signal = signal
        self.claims = claims
    }

    /// The event that waits in `stream`.
    package func event(in stream: Identifier<EventStream>) -> SecurityEvent {
        SecurityEvent(
            id: signal.identifier(in: stream), stream: stream, sealedClaims: claims, dueAt: signal.createdAt,
            expiresAt: signal.createdAt.addingTimeInterval(SecurityEvent.lifetime))
    }
}
