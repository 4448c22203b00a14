/// Signs with one key, wherever that key is kept.
package protocol Signer: Sendable {
    var algorithm: SignatureAlgorithm { get }
    /// The `kid` that goes into the header.
    var keyID: String? { get }
    func sign(_ message: [UInt8]) async throws -> [UInt8]
}
