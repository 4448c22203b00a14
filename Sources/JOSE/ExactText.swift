extension String {
    /// Whether the two are the same code points (RFC 8259 §8.3, RFC 7515 §5.3). `==` also holds for texts that are
    /// canonically equivalent, such as `K` and the Kelvin sign: then one issuer could pass for another.
    package func isExactly(_ other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }
}
