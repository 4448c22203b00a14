import JOSE

/// The identifier of an `Entity`. The type parameter prevents using a user's identifier as a client's.
package struct Identifier<Entity>: RawRepresentable, Hashable, Sendable, Codable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension Identifier: CustomStringConvertible {
    package var description: String { rawValue }
}

extension Identifier {
    /// Returns a new identifier of 128 random bits: unguessable, and it doesn't reveal how many entities exist.
    package static func random() -> Identifier {
        Identifier(rawValue: Base64URL.encode(RandomBytes.make(16)))
    }
}
