import Foundation

@testable import Conformance

/// Published test vectors of the standards.
enum Vectors {
    private static let all: [JSON] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/published.json")
        return (try? JSON(parsing: Data(contentsOf: file)))?.array ?? []
    }()

    static func named(_ name: String) -> JSON { all.first { $0["id"]?.string == name } ?? .null }

    static func text(_ vector: String, _ member: String) -> String { named(vector)[member]?.string ?? "" }

    /// A signature, the key that made it, and the signed message.
    static func signature(
        _ name: String
    ) -> (key: JWK?, algorithm: String, message: [UInt8], signature: [UInt8]) {
        let compact = text(name, "compact")
        let parts = compact.split(separator: ".").map(String.init)
        let header = parts.first.flatMap { Base64URL.decode($0) }.flatMap { JSON(parsing: $0) }
        return (
            named(name)["jwk"].flatMap(JWK.init), header?["alg"]?.string ?? "",
            Array(parts.prefix(2).joined(separator: ".").utf8), parts.last.flatMap { Base64URL.decode($0) } ?? []
        )
    }
}
