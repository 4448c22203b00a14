package import FoundationEssentials
package import JOSE

/// One run of the program. Each run writes its own chain of records, so nodes do not wait for each other.
package enum AuditNode {}

/// A record and its place in a chain.
package struct AuditEntry: Sendable, Hashable {
    package let node: Identifier<AuditNode>
    /// The number of the record in its chain, starting at 1.
    package let sequence: Int
    package let record: AuditRecord
    /// The record exactly as it was sealed.
    package let document: String
    /// HMAC-SHA256 over the place, the MAC of the previous record, and the document.
    package let mac: [UInt8]

    package init(
        node: Identifier<AuditNode>, sequence: Int, record: AuditRecord, document: String, mac: [UInt8]
    ) {
        self.node = node
        self.sequence = sequence
        self.record = record
        self.document = document
        self.mac = mac
    }

    /// The entry as one line of JSON, for files and other programs.
    package var line: [UInt8] {
        var line: JSONObject = [
            "node": .string(node.rawValue), "sequence": .integer(sequence), "mac": .string(Base64URL.encode(mac)),
        ]
        line.merge(record.document)
        return line.serialized()
    }
}

/// The end of a chain. Sealed, so that no one can remove records from the end and move the head back unnoticed.
package struct AuditHead: Sendable, Hashable {
    package let node: Identifier<AuditNode>
    /// The number of the last record.
    package let sequence: Int
    package let mac: [UInt8]
    package let time: Date
    package let seal: [UInt8]
    /// What retention removed from the beginning of the chain.
    package let removal: AuditRemoval?

    package init(
        node: Identifier<AuditNode>, sequence: Int, mac: [UInt8], time: Date, seal: [UInt8],
        removal: AuditRemoval? = nil
    ) {
        self.node = node
        self.sequence = sequence
        self.mac = mac
        self.time = time
        self.seal = seal
        self.removal = removal
    }
}

/// Proof that retention removed the records of a chain up to `through`. The chain
/// continues from the MAC of that record.
package struct AuditRemoval: Sendable, Hashable {
    package let through: Int
    package let mac: [UInt8]
    /// The time of the last record removed, from its sealed document; `nil` if an older version, which did not store
    /// it, removed the record.
    package let time: Date?
    package let seal: [UInt8]

    package init(through: Int, mac: [UInt8], time: Date?, seal: [UInt8]) {
        self.through = through
        self.mac = mac
        self.time = time
        self.seal = seal
    }
}

/// A statement in one chain of how long another was. To remove a whole chain, or its end and its head, unnoticed, an
/// attacker would have to change the other chains as well.
package struct AuditWitness: Sendable, Hashable {
    package let node: Identifier<AuditNode>
    package let sequence: Int
    package let mac: [UInt8]

    package init(node: Identifier<AuditNode>, sequence: Int, mac: [UInt8]) {
        self.node = node
        self.sequence = sequence
        self.mac = mac
    }

    package var json: JSON {
        [
            "node": .string(node.rawValue), "sequence": .integer(sequence), "mac": .string(Base64URL.encode(mac)),
        ]
    }

    package init?(_ json: JSON) {
        guard let object = json.object, let node = object["node"]?.string,
            let sequence = object["sequence"]?.integer, let mac = object["mac"]?.string,
            let bytes = try? Base64URL.decode(mac)
        else { return nil }
        self.init(node: Identifier(rawValue: node), sequence: sequence, mac: bytes)
    }
}
