import JOSE

/// The parameters of a request, from its query, form or JSON body (RFC 6749 Appendix B).
package struct Parameters: Sendable {
    /// Parameters that may occur more than once (RFC 8707 §2).
    private static let repeatable: Set<String> = ["resource"]
    /// JSON members whose value is an object, kept as text: an authenticator's response (WebAuthn Level 3 §5.1).
    private static let documents: Set<String> = ["credential"]

    private let pairs: [(name: String, value: String)]

    package init() { pairs = [] }

    /// Parses a query or form. Throws `invalid_request` for a malformed or repeated parameter (RFC 6749 §3.1, §3.2),
    /// and for parameters that exceed `limits`.
    package init(parsing text: some StringProtocol, limits: Limits) throws(OAuthError) {
        var pairs: [(name: String, value: String)] = []
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < limits.parameterCount else { throw .invalidRequest("too many parameters") }
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try FormEncoding.decode(parts[0])
            let value = parts.count > 1 ? try FormEncoding.decode(parts[1]) : ""
            guard value.utf8.count <= limits.parameterLength else { throw .invalidRequest("a parameter is too long") }
            if !Self.repeatable.contains(name), pairs.contains(where: { $0.name == name }) {
                // The sender chose the name, so the error doesn't reflect it.
                throw .invalidRequest("a parameter is repeated", reason: .parameterRepeated)
            }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    /// Parses a JSON body. Throws `invalid_request` unless it is an object with distinct members, whose values are
    /// strings (objects for `documents`) within `limits`.
    package init(json bytes: [UInt8], limits: Limits) throws(OAuthError) {
        guard let object = try? JSONObject(parsing: bytes, maximumDepth: 8) else {
            throw .invalidRequest("the body must be a JSON object with string members")
        }
        guard object.members.count <= limits.parameterCount else { throw .invalidRequest("too many members") }
        var pairs: [(name: String, value: String)] = []
        for (name, value) in object.members {
            let text =
                if Self.documents.contains(name) {
                    value.object.map { String(decoding: $0.serialized(), as: UTF8.self) }
                } else { value.string }
            guard let text, text.utf8.count <= limits.parameterLength,
                !FormEncoding.hasControlCharacter(text.utf8)
            else { throw .invalidRequest("a member is not a string, is too long, or has a control character") }
            pairs.append((name, text))
        }
        self.pairs = pairs
    }

    package init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

    /// The value; `nil` if the parameter is missing or empty, which mean the same (RFC 6749 §3.1).
    package subscript(name: String) -> String? {
        pairs.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    package func all(_ name: String) -> [String] { pairs.filter { $0.name == name && !$0.value.isEmpty }.map(\.value) }

    package func required(_ name: String) throws(OAuthError) -> String {
        guard let value = self[name] else {
            var error = OAuthError.invalidRequest("\(name) is missing", reason: .parameterMissing)
            error.parameter = name
            throw error
        }
        return value
    }

    /// Returns a non-negative number of seconds. Throws `invalid_request` for any other value.
    package func seconds(_ name: String) throws(OAuthError) -> Int? {
        guard let text = self[name] else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int32(text) else {
            throw .invalidRequest("\(name) must be a number of seconds")
        }
        return Int(number)
    }

    /// Returns the values of a space-delimited list, in order and without duplicates (RFC 6749 §3.3).
    package func list(_ name: String) -> [String] {
        var seen: Set<String> = []
        return (self[name] ?? "").split(separator: " ").map(String.init).filter { seen.insert($0).inserted }
    }

    /// `ui_locales`, in order of preference (OpenID Connect Core §3.1.2.1), at most 32.
    var languages: [String] { Array(list("ui_locales").prefix(32)) }

    package var isEmpty: Bool { pairs.isEmpty }
    var names: [String] { pairs.map(\.name) }

    /// The parameters as a query string.
    package var query: String { FormEncoding.encode(pairs) }
}
