extension String {
    /// Returns whether both have the same code points (RFC 8259 §8.3, RFC 7515 §5.3). `==` also equates canonically
    /// equivalent texts, such as `K` and the Kelvin sign, which would let one issuer pass for another.
    package func isExactly(_ other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }
}

extension JSON {
    /// Returns whether both have the same members, items and code points. The order of members doesn't matter, nor
    /// whether a number is written with a fraction.
    package func isExactly(_ other: JSON) -> Bool {
        switch (self, other) {
        case (.string(let text), .string(let other)): text.isExactly(other)
        case (.integer(let number), .number(let other)), (.number(let other), .integer(let number)):
            Double(exactly: number) == other
        case (.array(let items), .array(let others)):
            items.count == others.count && zip(items, others).allSatisfy { $0.isExactly($1) }
        case (.object(let object), .object(let other)):
            object.members.count == other.members.count
                && object.members.allSatisfy { name, value in other[name].map(value.isExactly) == true }
        default: self == other
        }
    }
}
