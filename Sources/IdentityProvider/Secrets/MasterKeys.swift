import Crypto
import FoundationEssentials
import JOSE

/// The secrets that all nodes share and that are not in the database. They only wrap data keys: the first one wraps,
/// all of them unwrap.
package struct MasterKeys: Sendable {
    struct Key: Sendable {
        let id: [UInt8]
        let material: SymmetricKey

        var name: String { Base64URL.encode(id) }
    }

    /// The current key comes first.
    let keys: [Key]
    var current: Key { keys[0] }

    /// Parses a file with one key of 32 bytes per line, in base64url, with the current key first. Lines that start with
    /// `#` are comments.
    package init(parsing text: String) throws(InvalidMasterKey) {
        var keys: [Key] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let bytes = try? Base64URL.decode(String(line)), bytes.count == 32 else {
                throw InvalidMasterKey(reason: "each line must be 32 bytes in base64url (43 characters)")
            }
            keys.append(Key(id: Self.id(of: bytes), material: SymmetricKey(data: bytes)))
        }
        guard !keys.isEmpty else { throw InvalidMasterKey(reason: "must contain at least one key") }
        self.keys = keys
    }

    /// Returns a new key in the format of `init(parsing:)`.
    package static func generate() -> String { Base64URL.encode(RandomBytes.make(32)) + "\n" }

    /// Names that identify the keys without revealing them, in the same order.
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

    /// Throws `UnknownMasterKey`, or `DamagedDataKey` if the row was tampered with.
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

    /// A separate key, because the master key itself sealed values before there were data keys.
    private static func wrapping(_ master: Key) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: master.material, info: Array("martlet data key wrapping".utf8), outputByteCount: 32)
    }

    /// Returns the other columns of the row as additional authenticated data, which prevents changing them or moving a
    /// wrapped key to another row.
    private static func context(
        _ keyClass: String, _ number: Int, _ id: [UInt8], _ usedFrom: Date, _ issuer: Issuer
    ) -> [UInt8] {
        let moment = Int((usedFrom.timeIntervalSince1970 * 1_000).rounded())
        return Array("\(issuer.identifier)\u{0}\(keyClass)\u{0}\(number)\u{0}\(moment)\u{0}".utf8) + id
    }
}

/// Thrown for a malformed master key file.
package struct InvalidMasterKey: Error {
    package let reason: String
}

/// A problem with the keys that an operator must fix. The description says how.
package protocol KeyProblem: Error, CustomStringConvertible {}

/// A data key is wrapped under a master key that this node does not have.
package struct UnknownMasterKey: KeyProblem {
    package let name: String
    package var description: String {
        """
        the master key does not open the stored data keys: they are wrapped under \(name), which master_key_file does \
        not contain; use the previous file, or copy it from the node where `martlet key master` last ran
        """
    }
}

/// A row of `data_keys` was changed without the master key.
package struct DamagedDataKey: KeyProblem {
    let keyClass: String
    let number: Int
    package var description: String {
        "the \(keyClass) data key \(number) cannot be unwrapped because its row in data_keys was changed; "
            + "restore the row from a backup"
    }
}
