import Crypto
import FoundationEssentials
import JOSE

/// The secrets that all nodes share and the database does not hold. They wrap data keys and do nothing else: the first
/// wraps, all unwrap.
package struct MasterKeys: Sendable {
    struct Key: Sendable {
        let id: [UInt8]
        let material: SymmetricKey

        var name: String { Base64URL.encode(id) }
    }

    /// The current one first.
    let keys: [Key]
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

    /// Identifies the keys without revealing them, in their order.
    package var names: [String] { keys.map(\.name) }

    private static func id(of bytes: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: Array("martlet master key id".utf8) + bytes).prefix(DataKey.idSize))
    }
}

extension MasterKeys {
    /// Wraps a data key of `issuer` under the current master key.
    func wrap(_ key: DataKey, of issuer: Issuer) throws -> DataKeyRecord {
        let box = try AES.GCM.seal(
            [key.origin.rawValue] + (unsafe key.material.withUnsafeBytes { unsafe [UInt8]($0) }),
            using: Self.wrapping(current),
            authenticating: Self.context(key.keyClass.rawValue, key.number, key.id, key.usedFrom, issuer))
        return DataKeyRecord(
            keyClass: key.keyClass.rawValue, number: key.number, id: key.id, usedFrom: key.usedFrom,
            wrapped: Array(box.nonce) + box.ciphertext + box.tag, masterKey: current.name)
    }

    /// Throws `UnknownMasterKey` or, for a row that was tampered with, `DamagedDataKey`.
    func unwrap(_ record: DataKeyRecord, of issuer: Issuer) throws -> DataKey {
        guard let master = keys.first(where: { $0.name == record.masterKey }) else {
            throw UnknownMasterKey(name: record.masterKey)
        }
        guard let keyClass = DataKeyClass(rawValue: record.keyClass),
            let box = try? AES.GCM.SealedBox(combined: record.wrapped),
            let opened = try? AES.GCM.open(
                box, using: Self.wrapping(master),
                authenticating: Self.context(record.keyClass, record.number, record.id, record.usedFrom, issuer)),
            opened.count == 33, let origin = opened.first.flatMap(DataKey.Origin.init)
        else { throw DamagedDataKey(keyClass: record.keyClass, number: record.number) }
        return DataKey(
            keyClass, number: record.number, id: record.id, origin: origin, usedFrom: record.usedFrom,
            material: SymmetricKey(data: opened.dropFirst()))
    }

    /// Not the master key itself, which sealed values before there were data keys.
    private static func wrapping(_ master: Key) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: master.material, info: Array("martlet data key wrapping".utf8), outputByteCount: 32)
    }

    /// What a row says beside the wrapped key: none of it can be changed, or moved to another row.
    private static func context(
        _ keyClass: String, _ number: Int, _ id: [UInt8], _ usedFrom: Date, _ issuer: Issuer
    ) -> [UInt8] {
        let moment = Int((usedFrom.timeIntervalSince1970 * 1_000).rounded())
        return Array("\(issuer.identifier)\u{0}\(keyClass)\u{0}\(number)\u{0}\(moment)\u{0}".utf8) + id
    }
}

/// Why a text cannot be a set of master keys.
package struct InvalidMasterKey: Error {
    package let reason: String
}

/// Something about the keys that an operator must put right; its description says what.
package protocol KeyProblem: Error, CustomStringConvertible {}

/// A data key is wrapped under a master key that this node does not have.
package struct UnknownMasterKey: KeyProblem {
    package let name: String
    package var description: String {
        """
        the master key does not open what is stored: the data keys are wrapped under \(name), which master_key_file does not \
        hold; name the file that was used before, or copy it from the node where `martlet key master` was last run
        """
    }
}

/// A row of data_keys was changed by somebody without the master key.
package struct DamagedDataKey: KeyProblem {
    let keyClass: String
    let number: Int
    package var description: String {
        "the \(keyClass) data key \(number) cannot be unwrapped: the row was changed; restore it from a backup"
    }
}
