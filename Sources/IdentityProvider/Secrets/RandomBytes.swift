import Crypto

/// Cryptographically secure random bytes. Every secret that Martlet generates has 32 of them.
package enum RandomBytes {
    package static func make(_ count: Int) -> [UInt8] {
        unsafe SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)).withUnsafeBytes { unsafe Array($0) }
    }
}
