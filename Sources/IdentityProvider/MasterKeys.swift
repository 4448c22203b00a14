import Crypto
import JOSE

/// The secrets that all nodes share and the database does not hold: the first seals, all open.
package struct MasterKeys: Sendable {
    struct Key: Sendable {
        let id: [UInt8]
        let material: SymmetricKey
    }

    static let idSize = 4
    private let keys: [Key]
    var current: Key { keys[0] }

    /// One key of 32 bytes a line, as base64url, the current one first. Throws a sentence that says what is wrong.
    package init(parsing text: String) throws(InvalidMasterKey) {
        var keys: [Key] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let bytes = try? Base64URL.decode(String(line)), bytes.count == 32 else {
                throw InvalidMasterKey(reason: "each line must be 32 bytes in base64url (43 characters)")
            }
            keys.append(Key(id: Self.id(of: bytes), material: SymmetricKey(data: bytes)))
        }
        guard !keys.isEmpty else { throw InvalidMasterKey(reason: "there is no key") }
        self.keys = keys
    }

    /// A new key in the form that `init(parsing:)` reads.
    package static func generate() -> String { Base64URL.encode(RandomBytes.make(32)) + "\n" }

    /// Names the keys without telling anything of them, in their order.
    package var names: [String] { keys.map { Base64URL.encode($0.id) } }

    func find(_ id: [UInt8]) -> Key? { keys.first { $0.id == id } }

    /// A key for one purpose besides sealing, from the key that was there first: it must outlive rotation.
    func derived(for purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: keys[keys.count - 1].material, info: Array("martlet \(purpose)".utf8),
            outputByteCount: 32)
    }

    private static func id(of bytes: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: Array("martlet master key id".utf8) + bytes).prefix(idSize))
    }
}

/// Why a text cannot be a set of master keys.
package struct InvalidMasterKey: Error {
    package let reason: String
}
