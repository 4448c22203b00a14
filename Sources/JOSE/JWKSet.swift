/// The keys of one party (RFC 7517 §5).
package struct JWKSet: Sendable {
    package let keys: [JWK]

    package init(keys: [JWK]) { self.keys = keys }

    /// Ignores keys of an unknown type (RFC 7517 §5). Throws for a malformed key of a known type.
    package init(_ object: JSONObject) throws(JWKError) {
        guard let items = object["keys"]?.array else { throw JWKError(reason: "has no keys") }
        var keys: [JWK] = []
        for item in items {
            guard let object = item.object else { throw JWKError(reason: "has a key that is not an object") }
            do { keys.append(try JWK(object)) } catch { guard error.isUnknownType else { throw error } }
        }
        self.keys = keys
    }

    /// More keys of another party are ignored, because each costs time.
    private static let maximumCount = 100

    /// Ignores all keys that can't be used, which may be for others (RFC 7517 §5).
    package init(usable object: JSONObject) throws(JWKError) {
        guard let items = object["keys"]?.array else { throw JWKError(reason: "has no keys") }
        keys = items.prefix(Self.maximumCount).compactMap { item in item.object.flatMap { try? JWK($0) } }
    }

    /// The public form, without shared secrets.
    package var object: JSONObject { ["keys": .array(keys.compactMap { $0.object.map(JSON.object) })] }
}
