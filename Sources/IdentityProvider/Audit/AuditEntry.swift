package import FoundationEssentials
package import JOSE

/// One run of the program as the log knows it: it writes one chain of records, so that no two nodes wait for each other.
package enum AuditNode {}

/// A record in its place of a chain.
package struct AuditEntry: Sendable, Hashable {
    package let node: Identifier<AuditNode>
    /// Counts the records of a chain from 1.
    package let sequence: Int
    package let record: AuditRecord
    /// The record exactly as it was sealed.
    package let document: String
    /// HMAC-SHA256 over the MAC before it, the place and the document.
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

    /// As one line of JSON, for files and other programs.
    package var line: [UInt8] {
        var line: JSONObject = [
            "node": .string(node.rawValue), "sequence": .integer(sequence), "mac": .string(Base64URL.encode(mac)),
        ]
        line.merge(record.document)
        return line.serialized()
    }
}

/// How far a chain has come. Sealed, so that nobody can cut records off its end and move it back.
package struct AuditHead: Sendable, Hashable {
    package let node: Identifier<AuditNode>
    /// Of the last record.
    package let sequence: Int
    package let mac: [UInt8]
    package let time: Date
    package let seal: [UInt8]
    /// What retention took from its beginning.
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

/// Says that the records of a chain up to one of them were removed for their age: the chain goes on from its MAC.
package struct AuditRemoval: Sendable, Hashable {
    package let through: Int
    package let mac: [UInt8]
    /// Of the last record that was removed, as its sealed document gave it; `nil` for a removal by a version that did not
    /// keep it.
    package let time: Date?
    package let seal: [UInt8]

    package init(through: Int, mac: [UInt8], time: Date?, seal: [UInt8]) {
        self.through = through
        self.mac = mac
        self.time = time
        self.seal = seal
    }
}

/// What one chain says of another: that it had come so far. Whoever removes a whole chain, or its end and its head,
/// would have to change the others, too.
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
