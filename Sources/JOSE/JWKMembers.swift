/// Reads the numbers and points of a JWK, which are base64url of an exact length (RFC 7518 §6).
struct JWKMembers {
    let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    /// A member of exactly `size` bytes (RFC 7518 §6.2.1.2, RFC 8037 §2).
    func bytes(_ name: String, size: Int) throws(JWKError) -> [UInt8] {
        let bytes = try bytes(name)
        guard bytes.count == size else { throw JWKError(reason: "has a \(name) of the wrong length") }
        return bytes
    }

    /// A number in as few bytes as it needs (RFC 7518 §2, Base64urlUInt).
    func number(_ name: String) throws(JWKError) -> [UInt8] {
        let bytes = try bytes(name)
        guard bytes.first != 0 else { throw JWKError(reason: "has a \(name) with leading zeros, or zero") }
        return bytes
    }

    /// The coordinates of a point, one after the other.
    func point(size: Int) throws(JWKError) -> [UInt8] { try bytes("x", size: size) + bytes("y", size: size) }

    private func bytes(_ name: String) throws(JWKError) -> [UInt8] {
        guard let text = object[name]?.string, let bytes = try? Base64URL.decode(text), !bytes.isEmpty else {
            throw JWKError(reason: "has no \(name) in base64url")
        }
        return bytes
    }
}
