extension String {
    /// Returns whether both have the same code points (RFC 8259 §8.3, RFC 7515 §5.3). `==` also equates canonically
    /// equivalent texts, such as `K` and the Kelvin sign, which would let one issuer pass for another.
    package func isExactly(_ other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }
}
