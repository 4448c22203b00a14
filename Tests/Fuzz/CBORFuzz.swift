@testable import Authenticators

/// Input from authenticators: CBOR (RFC 8949), and the COSE keys, authenticator data and attestation objects in it.
enum CBORFuzz {
    static func check(_ input: [UInt8]) {
        if let item = try? CBOR(parsing: input) {
            let encoded = encode(item)
            // Every value has one encoding, except for the order of a map's keys.
            require(encoded.count == input.count, "a value has one encoded length")
            require((try? CBOR(parsing: encoded)) == item, "values survive writing and parsing")
        }
        if let key = try? COSEKey(parsing: input) { require(key.encoded == input, "a key is kept unchanged") }
        if let data = try? AuthenticatorData(parsing: input, step: "fuzz") {
            require(data.bytes == input, "every byte is accounted for")
            require(
                (try? AuthenticatorData(parsing: input + [0], step: "fuzz")) == nil, "nothing may follow the data")
        }
        if let object = try? AttestationObject(parsing: input),
            let credential = object.authenticatorData.attestedCredential
        {
            // Must not crash, whatever the result.
            _ = try? object.verify(credential, clientDataHash: Array(repeating: 0, count: 32))
        }
    }

    /// An independent encoder for canonical CBOR (CTAP 2.1 §8).
    private static func encode(_ item: CBOR) -> [UInt8] {
        switch item {
        case .integer(let number): number < 0 ? head(1, UInt64(-1 - number)) : head(0, UInt64(number))
        case .bytes(let bytes): head(2, UInt64(bytes.count)) + bytes
        case .text(let text): head(3, UInt64(text.utf8.count)) + Array(text.utf8)
        case .array(let items): head(4, UInt64(items.count)) + items.flatMap(encode)
        case .map(let items): head(5, UInt64(items.count)) + items.flatMap { encode($0.key) + encode($0.value) }
        case .bool(let flag): [flag ? 0xF5 : 0xF4]
        case .null: [0xF6]
        }
    }

    private static func head(_ type: UInt8, _ argument: UInt64) -> [UInt8] {
        let (information, size): (UInt8, Int) =
            switch argument {
            case 0..<24: (UInt8(argument), 0)
            case 24...0xFF: (24, 1)
            case 0x100...0xFFFF: (25, 2)
            case 0x1_0000...0xFFFF_FFFF: (26, 4)
            default: (27, 8)
            }
        return [type << 5 | information]
            + (0..<size).reversed().map { UInt8(truncatingIfNeeded: argument >> (UInt64($0) * 8)) }
    }
}
