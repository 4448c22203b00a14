/// Decodes the numbers and points of a JWK, which are base64url of an exact length (RFC 7518 §6).
struct JWKMembers {
    let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    /// Returns a member of exactly `size` bytes (RFC 7518 §6.2.1.2, RFC 8037 §2).
    func bytes(_ name: String, size: Int) throws(JWKError) -> [UInt8] {
        let bytes = try bytes(name)
        guard bytes.count == size else { throw JWKError(reason: "has a \(name) of the wrong length") }
        return bytes
    }

    /// Returns a number, which must not have leading zero bytes (RFC 7518 §2, Base64urlUInt).
    func number(_ name: String) throws(JWKError) -> [UInt8] {
        let bytes = try bytes(name)
        guard bytes.first != 0 else { throw JWKError(reason: "has a \(name) that is zero or has leading zeros") }
        return bytes
    }

    /// Returns the coordinates of a point, concatenated.
    func point(size: Int) throws(JWKError) -> [UInt8] { try bytes("x", size: size) + bytes("y", size: size) }

    private func bytes(_ name: String) throws(JWKError) -> [UInt8] {
        guard let text = object[name]?.string, let bytes = try? Base64URL.decode(text), !bytes.isEmpty else {
            throw JWKError(reason: "has no \(name), or a \(name) that is not base64url")
        }
        return bytes
    }
}
