import JOSE

/// How events reach the receiver (OpenID SSF §6.1).
enum DeliveryMethod: String, CaseIterable, Sendable {
    case push = "urn:ietf:rfc:8935"
    case poll = "urn:ietf:rfc:8936"
}

/// The members of a stream's configuration that the receiver supplies (OpenID SSF §8.1.1). Members that this version
/// doesn't know are ignored.
struct StreamRequest: Sendable {
    enum Delivery: Sendable {
        case poll
        /// `authorization` is the `Authorization` field of each push.
        case push(endpoint: String, authorization: String?)
    }

    let delivery: Delivery?
    let requested: [String]?
    let description: String?
    /// `endpoint_url` of a stream that is polled, which the transmitter chooses.
    let pollEndpoint: String?

    /// Throws all problems.
    init(_ body: JSONObject, of client: Client) throws(InvalidDocument) {
        var reader = DocumentReader(body)
        let parsed = reader.nested("delivery") { document throws(InvalidDocument) in
            try Self.delivery(document, isInPrivateNetwork: client.isInPrivateNetwork)
        }
        (delivery, pollEndpoint) = (parsed?.delivery, parsed?.pollEndpoint)
        let types = reader.list("events_requested") { text throws(InvalidValue) in
            guard URIText.isPlain(text) else { throw InvalidValue("must be a URI") }
            return text
        }
        if types.count > Self.typeLimit { reader.report("events_requested", "must be at most \(Self.typeLimit) types") }
        requested = body["events_requested"] == nil ? nil : types
        description = reader.value("description") { text throws(InvalidValue) in
            guard text.utf8.count <= 1_024, !FormEncoding.hasControlCharacter(text.utf8) else {
                throw InvalidValue("must be at most 1024 bytes without control characters")
            }
            return text
        }
        try reader.finish()
    }

    private static let typeLimit = 100

    private static func delivery(
        _ document: JSONObject, isInPrivateNetwork: Bool
    ) throws(InvalidDocument) -> (delivery: Delivery, pollEndpoint: String?) {
        var reader = DocumentReader(document)
        let method = reader.choice(
            "method",
            [
                DeliveryMethod.push.rawValue: DeliveryMethod.push, DeliveryMethod.poll.rawValue: .poll,
            ])
        if document["method"] == nil { reader.report("method", "is missing") }
        guard method == .push else {
            let endpoint = reader.text("endpoint_url")
            try reader.finish()
            return (.poll, endpoint)
        }
        let endpoint = reader.value("endpoint_url") { text throws(InvalidValue) in
            try Self.endpoint(text, isInPrivateNetwork: isInPrivateNetwork)
        }
        if document["endpoint_url"] == nil { reader.report("endpoint_url", "is missing") }
        let authorization = reader.value("authorization_header", Self.authorization)
        try reader.finish()
        return (.push(endpoint: endpoint ?? "", authorization: authorization), nil)
    }

    /// Requires https, because events are about people, except on the same machine.
    private static func endpoint(_ text: String, isInPrivateNetwork: Bool) throws(InvalidValue) -> String {
        let isLocal = isInPrivateNetwork && ["http://localhost:", "http://127.0.0.1:"].contains(where: text.hasPrefix)
        let authority =
            text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).last?
            .prefix { $0 != "/" && $0 != "?" } ?? ""
        guard text.hasPrefix("https://") || isLocal, URIText.isPlain(text), !text.contains("#"), !authority.isEmpty,
            !authority.contains("@")
        else { throw InvalidValue("must be an https URL without a user or fragment") }
        return text
    }

    /// A field value that can't inject further fields (RFC 9110 §5.5).
    private static func authorization(_ text: String) throws(InvalidValue) -> String {
        guard (1...4_096).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }),
            text.first != " ", text.last != " "
        else { throw InvalidValue("must be 1 to 4096 visible ASCII characters") }
        return text
    }
}
