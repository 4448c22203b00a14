@testable import IdentityProvider

/// Queries and forms (RFC 6749 Appendix B), and the JSON of the first-party API.
enum FormFuzz {
    static func check(_ input: [UInt8]) {
        let limits = Limits()
        let text = String(decoding: input, as: UTF8.self)
        if let parameters = try? Parameters(parsing: text, limits: limits) {
            check(parameters, limits)
            guard let again = try? Parameters(parsing: parameters.query, limits: limits) else {
                fatalError("broken: written parameters can be parsed")
            }
            require(again.query == parameters.query, "parameters survive writing and parsing")
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
        require(Set(names.map { Array($0.utf8) }).count == names.count, "no parameter except resource is repeated")
        require(parameters.names.count <= limits.parameterCount, "the number of parameters is limited")
        for name in names {
            require(parameters.all(name).count <= 1, "a parameter has one value")
            let value = parameters[name] ?? ""
            require(value.utf8.count <= limits.parameterLength, "the length of a value is limited")
            require(!FormEncoding.hasControlCharacter(value.utf8), "a value has no control character")
        }
    }
}
