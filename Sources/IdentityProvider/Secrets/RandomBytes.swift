import Crypto

/// Bytes that nobody can guess. Every secret that Martlet generates is 32 of them.
package enum RandomBytes {
    package static func make(_ count: Int) -> [UInt8] {
        unsafe SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)).withUnsafeBytes { unsafe Array($0) }
    }
}
