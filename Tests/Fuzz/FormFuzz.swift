@testable import IdentityProvider

/// Queries and forms (RFC 6749 Appendix B), and the JSON of the first-party API.
enum FormFuzz {
    static func check(_ input: [UInt8]) {
        let limits = Limits()
        let text = String(decoding: input, as: UTF8.self)
        if let parameters = try? Parameters(parsing: text, limits: limits) {
            check(parameters, limits)
            guard let again = try? Parameters(parsing: parameters.query, limits: limits) else {
                fatalError("broken: what was written can be read")
            }
            require(again.query == parameters.query, "what was written is read as the same parameters")
        }
        if let parameters = try? Parameters(json: input, limits: limits) { check(parameters, limits) }
        if let decoded = try? FormEncoding.decode(input) {
            let encoded = FormEncoding.encode(decoded)
            require(
                (try? FormEncoding.decode(encoded.utf8)).map { Array($0.utf8) } == Array(decoded.utf8),
                "a text survives its encoding")
        }
    }

    private static func check(_ parameters: Parameters, _ limits: Limits) {
        let names = parameters.names.filter { $0 != "resource" }
        require(Set(names.map { Array($0.utf8) }).count == names.count, "no parameter but resource stands twice")
        require(parameters.names.count <= limits.parameterCount, "parameters are few")
        for name in names {
            require(parameters.all(name).count <= 1, "a parameter has one value")
            let value = parameters[name] ?? ""
            require(value.utf8.count <= limits.parameterLength, "a value is short")
            require(!FormEncoding.hasControlCharacter(value.utf8), "a value has no control character")
        }
    }
}
