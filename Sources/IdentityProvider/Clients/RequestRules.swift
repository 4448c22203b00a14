import JOSE

/// How a client must send its authorization requests.
struct RequestRules: Sendable, Hashable {
    /// Whether requests must be pushed (RFC 9126 §6).
    let arePushed: Bool
    /// Whether requests must be in signed request objects (RFC 9101 §10.5).
    let areSigned: Bool
    /// Whether responses must be signed (FAPI 2.0 Message Signing §5.4).
    let responsesAreSigned: Bool
    /// The accepted algorithms of request objects.
    let algorithms: [SignatureAlgorithm]
    /// Whether request objects may be unsigned. Registered as `request_object_signing_alg: none`.
    let allowsUnsigned: Bool
    /// The registered `request_uris` (OpenID Connect Registration §2).
    let uris: [String]

    init(_ reader: inout DocumentReader, for profile: ClientProfile?) {
        arePushed = (reader.flag("require_pushed_authorization_requests") ?? false) || profile != nil
        areSigned =
            (reader.flag("require_signed_request_object") ?? false) || profile?.signsMessages == true
        responsesAreSigned = profile?.signsMessages == true
        uris = reader.list("request_uris", Self.uri)
        let permitted = profile == nil ? SignatureAlgorithm.asymmetric : ClientProfile.algorithms
        let registered = reader.text("request_object_signing_alg").map(SignatureAlgorithm.init(rawValue:))
        let isUnsigned = registered?.rawValue == "none"
        allowsUnsigned = isUnsigned
        algorithms = registered.map { isUnsigned ? [] : [$0] } ?? permitted
        let names = permitted.map(\.rawValue).joined(separator: ", ")
        if let registered, !allowsUnsigned, !permitted.contains(registered) {
            reader.report("request_object_signing_alg", "must be one of \(names)")
        }
        if allowsUnsigned, areSigned || profile != nil {
            reader.report("request_object_signing_alg", "none does not fit a client whose requests must be signed")
        }
    }

    private static func uri(_ text: String) throws(InvalidValue) -> String {
        guard text.hasPrefix("https://"), URIText.isPlain(text), !text.contains("#"), text.utf8.count <= 512 else {
            throw InvalidValue("must be an https URL without a fragment, of at most 512 characters (RFC 9101 §5.2)")
        }
        return text
    }
}
