import CArgon2
import Crypto
import FoundationEssentials

/// The cost of one password guess (RFC 9106 §4; OWASP Password Storage).
package struct Argon2Parameters: Sendable, Hashable {
    /// In KiB.
    package let memory: UInt32
    package let iterations: UInt32
    package let parallelism: UInt32

    package init(memory: UInt32 = 19_456, iterations: UInt32 = 2, parallelism: UInt32 = 1) {
        self.memory = memory
        self.iterations = iterations
        self.parallelism = parallelism
    }
}

/// An Argon2id hash in PHC string form: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
///
/// Computing or verifying one takes tens of milliseconds by design: call it through a `PasswordGate`.
package struct PasswordHash: Sendable, Hashable {
    package let text: String
    package let parameters: Argon2Parameters

    /// Throws `InvalidPasswordHash` for another algorithm or version, or for a cost that would overload the server.
    package init(parsing text: String) throws(InvalidPasswordHash) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19",
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), text.utf8.count <= 512,
            let parameters = Self.parameters(parts[3]), !parts[4].isEmpty, !parts[5].isEmpty
        else { throw InvalidPasswordHash() }
        self.text = text
        self.parameters = parameters
    }

    /// Hashes `password` with a random salt.
    package init(of password: String, parameters: Argon2Parameters) throws {
        let salt = unsafe SymmetricKey(size: .bits128).withUnsafeBytes { unsafe Array($0) }
        var encoded = [CChar](repeating: 0, count: 256)
        let code = unsafe Array(password.utf8).withUnsafeBytes { password in
            unsafe argon2id_hash_encoded(
                parameters.iterations, parameters.memory, parameters.parallelism, password.baseAddress,
                password.count, salt, salt.count, 32, &encoded, encoded.count)
        }
        guard code == ARGON2_OK.rawValue else { throw Argon2Failure(code: Int(code)) }
        text = String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.parameters = parameters
    }

    /// Compares in constant time.
    package func matches(_ password: String) -> Bool {
        unsafe Array(password.utf8).withUnsafeBytes { password in
            unsafe argon2id_verify(text, password.baseAddress, password.count) == ARGON2_OK.rawValue
        }
    }

    /// Returns a hash that no password matches. Checking against it takes as long as against a real one, which prevents
    /// enumeration by timing.
    package static func decoy(_ parameters: Argon2Parameters) -> PasswordHash {
        let cost = "m=\(parameters.memory),t=\(parameters.iterations),p=\(parameters.parallelism)"
        let hash = unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Data($0).base64EncodedString() }
        return PasswordHash(
            text: "$argon2id$v=19$\(cost)$AAAAAAAAAAAAAAAAAAAAAA$\(hash.filter { $0 != "=" })", parameters: parameters)
    }

    private init(text: String, parameters: Argon2Parameters) {
        self.text = text
        self.parameters = parameters
    }

    private static func parameters(_ text: Substring) -> Argon2Parameters? {
        let values = text.split(separator: ",")
        guard values.count == 3, let memory = number(values[0], "m="), let iterations = number(values[1], "t="),
            let parallelism = number(values[2], "p="), (8...1_048_576).contains(memory),
            (1...16).contains(iterations), (1...16).contains(parallelism)
        else { return nil }
        return Argon2Parameters(memory: memory, iterations: iterations, parallelism: parallelism)
    }

    private static func number(_ text: Substring, _ name: String) -> UInt32? {
        text.hasPrefix(name) ? UInt32(text.dropFirst(name.count)) : nil
    }
}

/// The text is not an Argon2id hash of acceptable cost.
package struct InvalidPasswordHash: Error {}

/// libargon2 failed, in practice for lack of memory.
package struct Argon2Failure: Error {
    package let code: Int
}
