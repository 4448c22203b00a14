import FoundationEssentials
import JOSE
import Testing

/// A published signature and its key.
struct SignatureVector: Sendable, CustomTestStringConvertible {
    let name: String
    let algorithm: SignatureAlgorithm
    /// The key as published: private if the standard shows the private key.
    let key: JSONObject
    let compact: String

    var testDescription: String { name }

    static let all: [SignatureVector] = Vectors.read("signatures").compactMap { item in
        guard let name = item["name"]?.string, let algorithm = item["alg"]?.string, let key = item["jwk"]?.object,
            let compact = item["compact"]?.string
        else { return nil }
        return SignatureVector(name: name, algorithm: .init(rawValue: algorithm), key: key, compact: compact)
    }

    /// The verification key: the published key without its private members.
    func verifyingKey() throws -> JWK {
        guard key["kty"] != "oct" else { return JWK(symmetric: try Base64URL.decode(key["k"]?.string ?? "")) }
        return try JWK(key.publicPart)
    }
}

struct ThumbprintVector: Sendable, CustomTestStringConvertible {
    let name: String
    let key: JSONObject
    let thumbprint: String

    var testDescription: String { name }

    static let all: [ThumbprintVector] = Vectors.read("thumbprints").compactMap { item in
        guard let name = item["name"]?.string, let key = item["jwk"]?.object, let value = item["thumbprint"]?.string
        else { return nil }
        return ThumbprintVector(name: name, key: key, thumbprint: value)
    }
}

enum Vectors {
    /// The objects of a file beside these tests. Empty if the file is missing, which a test reports.
    static func read(_ name: String) -> [JSONObject] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        guard let data = try? Data(contentsOf: tests.appending(path: "Vectors/\(name).json")) else { return [] }
        return (try? JSON(parsing: Array(data)))?.array?.compactMap(\.object) ?? []
    }
}

extension JSONObject {
    var publicPart: JSONObject {
        var object = self
        for name in ["d", "p", "q", "dp", "dq", "qi"] { object[name] = nil }
        return object
    }

    func with(_ name: String, _ value: JSON?) -> JSONObject {
        var object = self
        object[name] = value
        return object
    }
}
