import Crypto
import JOSE

/// An Argon2id hash in PHC string form: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
///
/// Computing or verifying one takes tens of milliseconds by design: call it through a `PasswordGate`.
package struct PasswordHash: Sendable, Hashable {
    package let text: String
    package let parameters: Argon2Parameters
    private let salt: [UInt8]
    private let tag: [UInt8]

    /// Throws `InvalidPasswordHash` for another algorithm or version, a cost that would overload the server, or
    /// text that no password can match.
    package init(parsing text: String) throws(InvalidPasswordHash) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19", text.utf8.count <= 512,
            let parameters = Self.parameters(parts[3]), let salt = Self.bytes(parts[4]), salt.count >= 8,
            let tag = Self.bytes(parts[5]), tag.count >= 4
        else { throw InvalidPasswordHash() }
        self.text = text
        self.parameters = parameters
        self.salt = salt
        self.tag = tag
    }

    /// Hashes `password` with a random salt. Throws `Argon2Failure`.
    package init(of password: String, parameters: Argon2Parameters) throws(Argon2Failure) {
        let salt = Self.random(.bits128)
        let tag = try Argon2.hash(password, salt: salt, parameters: parameters, length: 32)
        self.init(salt: salt, tag: tag, parameters: parameters)
    }

    /// Compares in constant time.
    package func matches(_ password: String) -> Bool {
        Argon2.verify(password, salt: salt, parameters: parameters, tag: tag)
    }

    /// Returns a hash that no password matches. Checking against it takes as long as against a real one, which prevents
    /// enumeration by timing.
    package static func decoy(_ parameters: Argon2Parameters) -> PasswordHash {
        PasswordHash(salt: random(.bits128), tag: random(.bits256), parameters: parameters)
    }

    private init(salt: [UInt8], tag: [UInt8], parameters: Argon2Parameters) {
        let cost = "m=\(parameters.memory),t=\(parameters.iterations),p=\(parameters.parallelism)"
        text = "$argon2id$v=19$\(cost)$\(Self.base64(salt))$\(Self.base64(tag))"
        self.parameters = parameters
        self.salt = salt
        self.tag = tag
    }

    private static func random(_ size: SymmetricKeySize) -> [UInt8] {
        unsafe SymmetricKey(size: size).withUnsafeBytes { unsafe Array($0) }
    }

    private static func parameters(_ text: Substring) -> Argon2Parameters? {
        let values = text.split(separator: ",")
        guard values.count == 3, let memory = number(values[0], "m="), let iterations = number(values[1], "t="),
            let parallelism = number(values[2], "p="), (1...16).contains(iterations), (1...16).contains(parallelism),
            (8 * parallelism...1_048_576).contains(memory)
        else { return nil }
        return Argon2Parameters(memory: memory, iterations: iterations, parallelism: parallelism)
    }

    private static func number(_ text: Substring, _ name: String) -> UInt32? {
        text.hasPrefix(name) ? UInt32(text.dropFirst(name.count)) : nil
    }

    /// PHC strings use the standard alphabet without padding (RFC 4648 §4).
    private static func base64(_ bytes: [UInt8]) -> String {
        String(Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    }

    private static func bytes(_ text: Substring) -> [UInt8]? {
        guard !text.contains(where: { $0 == "-" || $0 == "_" }) else { return nil }
        return try? Base64URL.decode(String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }))
    }
}

/// The text is not an Argon2id hash of acceptable cost.
package struct InvalidPasswordHash: Error {}
