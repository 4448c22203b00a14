import FoundationEssentials
import JOSE

/// The parameters of a request object (RFC 9101 §2.1). Only a valid object has them.
struct RequestObject: Sendable {
    let parameters: Parameters

    /// Claims about the object itself. They are not parameters.
    private static let ownClaims: Set<String> = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"]
    /// The media type of request objects (RFC 9101 §10.8), and what OpenID Connect Core §6.1 allows.
    private static let types: Set<String> = ["oauth-authz-req+jwt", "jwt"]
    /// The longest lifetime of the objects of FAPI clients, in seconds (FAPI 2.0 Message Signing §5.3.1).
    private static let maximumLifetime: TimeInterval = 3_600

    /// Validates a signed object of `client` (RFC 9101 §6.2, §6.3). Throws `JWTError` or `InvalidRequestObject`.
    init(validating text: String, with keys: JWKSet, of client: Client, for issuer: Issuer, at now: Date) throws {
        let isStrict = client.profile != nil
        let rules = JWTRules(
            algorithms: Set(client.requestRules.algorithms), expiry: isStrict ? .required : .ifPresent,
            required: isStrict ? ["iss", "aud", "exp", "nbf"] : [])
        let jwt = try JWT(validating: text, with: keys, rules: rules, at: now)
        if let type = jwt.header["typ"]?.string, !Self.types.contains(Self.plain(type)) {
            throw InvalidRequestObject(reason: "typ must be oauth-authz-req+jwt")
        }
        if isStrict { try Self.checkLifetime(of: jwt.claims, at: now) }
        try self.init(jwt.claims, of: client, for: issuer)
    }

    /// Reads an unsigned object, for clients that register it. Throws `JWSError` or `InvalidRequestObject`.
    init(unsigned text: String, of client: Client, for issuer: Issuer, at now: Date) throws {
        let jws = try JWS(parsing: text)
        guard jws.header["alg"]?.string == "none", text.hasSuffix("."), client.requestRules.allowsUnsigned else {
            throw InvalidRequestObject(
                reason: "the client registered request objects without a signature, with alg none")
        }
        let claims = try JWT.unverifiedClaims(of: text)
        if let expiry = claims["exp"] {
            guard let expiry = expiry.seconds, expiry > now.timeIntervalSince1970 else {
                throw InvalidRequestObject(reason: "it has expired")
            }
        }
        try self.init(claims, of: client, for: issuer)
    }

    private init(_ claims: JSONObject, of client: Client, for issuer: Issuer) throws(InvalidRequestObject) {
        if let own = claims["iss"], own.string?.isExactly(client.id.rawValue) != true {
            throw InvalidRequestObject(reason: "iss must be the client_id")
        }
        guard claims["aud"] == nil || claims.audience.contains(where: issuer.identifier.isExactly) else {
            throw InvalidRequestObject(reason: "aud must be the issuer identifier")
        }
        // Otherwise the object could serve as a client assertion elsewhere (RFC 9101 §10.8).
        guard claims["sub"]?.string != client.id.rawValue else {
            throw InvalidRequestObject(reason: "sub must not be the client_id")
        }
        guard claims["client_id"]?.string?.isExactly(client.id.rawValue) ?? (claims["client_id"] == nil) else {
            throw InvalidRequestObject(reason: "client_id does not match the request")
        }
        // RFC 9101 §4.
        guard claims["request"] == nil, claims["request_uri"] == nil else {
            throw InvalidRequestObject(reason: "it must not contain request or request_uri")
        }
        var pairs = [(name: "client_id", value: client.id.rawValue)]
        for (name, value) in claims.members where !Self.ownClaims.contains(name) && name != "client_id" {
            guard let texts = Self.texts(value, of: name) else {
                throw InvalidRequestObject(reason: "resource must be a string or a list of strings")
            }
            // RFC 9396 §3: inside JSON, it is not a text.
            guard name != "authorization_details" || value.array != nil else {
                throw InvalidRequestObject(reason: "authorization_details must be an array")
            }
            guard !([name] + texts).contains(where: { FormEncoding.hasControlCharacter($0.utf8) }) else {
                throw InvalidRequestObject(reason: "a parameter has a control character")
            }
            pairs += texts.map { (name, $0) }
        }
        parameters = Parameters(pairs)
    }

    /// Returns the values of a parameter. Values of other types become their JSON text (OpenID Connect Core §6.1), so
    /// that unknown parameters of any type are ignored (RFC 6749 §3.1). Only `resource` has a list of values (RFC 8707 §2.1).
    private static func texts(_ value: JSON, of name: String) -> [String]? {
        switch value {
        case .string(let text): return [text]
        case .null: return []
        case .array(let items) where name == "resource":
            let texts = items.compactMap(\.string)
            return texts.count == items.count ? texts : nil
        case .integer, .number, .bool, .array, .object:
            return [String(decoding: value.serialized(), as: UTF8.self)]
        }
    }

    private static func checkLifetime(of claims: JSONObject, at now: Date) throws(InvalidRequestObject) {
        guard let start = claims["nbf"]?.seconds, let end = claims["exp"]?.seconds,
            now.timeIntervalSince1970 - start <= maximumLifetime, end - start <= maximumLifetime
        else { throw InvalidRequestObject(reason: "it must be valid for an hour at most, from nbf to exp") }
    }

    private static func plain(_ type: String) -> String {
        let type = type.lowercased()
        return type.hasPrefix("application/") ? String(type.dropFirst(12)) : type
    }
}

/// Why a request object is refused. Contains nothing from the object.
struct InvalidRequestObject: Error {
    let reason: String
}
