import JOSE

/// A poll of a receiver (RFC 8936 §2.2).
struct PollRequest: Sendable {
    /// `nil` without a limit.
    let maximumCount: Int?
    let returnsImmediately: Bool
    let acknowledged: [Identifier<SecurityEvent>]
    let refused: [(event: Identifier<SecurityEvent>, refusal: RefusedEvent)]

    init(_ body: JSONObject) throws(OAuthError) {
        switch body["maxEvents"] {
        case nil: maximumCount = nil
        case .integer(let count)? where count >= 0: maximumCount = count
        default: throw .invalidRequest("maxEvents must be a number, 0 or more")
        }
        switch body["returnImmediately"] {
        case nil: returnsImmediately = false
        case .bool(let flag)?: returnsImmediately = flag
        default: throw .invalidRequest("returnImmediately must be true or false")
        }
        let texts = body["ack"] == nil ? [] : body["ack"]?.array
        guard let texts, texts.allSatisfy({ $0.string != nil }) else {
            throw .invalidRequest("ack must be a list of strings")
        }
        acknowledged = texts.compactMap(\.string).map(Identifier.init(rawValue:))
        let errors = body["setErrs"] == nil ? [:] : body["setErrs"]?.object
        guard let errors else { throw .invalidRequest("setErrs must be an object") }
        var refused: [(event: Identifier<SecurityEvent>, refusal: RefusedEvent)] = []
        for (name, value) in errors.members {
            guard let refusal = value.object.flatMap(RefusedEvent.init(_:)) else {
                throw .invalidRequest("each member of setErrs must be an object with err")
            }
            refused.append((Identifier(rawValue: name), refusal))
        }
        self.refused = refused
        // Each is a statement.
        guard acknowledged.count + refused.count <= Self.limit else {
            throw .invalidRequest("ack and setErrs must name at most \(Self.limit) events")
        }
    }

    /// The maximum number of events that a poll settles.
    private static let limit = 1_000
}
