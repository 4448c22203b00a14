package import JOSE

/// Thrown for an invalid value of a document or setting.
package struct InvalidValue: Error {
    /// Continues a sentence that starts with the value or its name: "must be an https URL".
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}

/// All problems of a JSON document.
package struct InvalidDocument: Error {
    package struct Problem: Sendable, Hashable {
        /// The path of the member, such as `redirect_uris[0]`.
        package let member: String
        package let reason: String
    }

    package let problems: [Problem]
    package init(_ problems: [Problem]) { self.problems = problems }
}

/// Reads the members of a document. It continues after a problem, so that all are reported at once.
package struct DocumentReader {
    private let document: JSONObject
    private var problems: [InvalidDocument.Problem] = []
    private var known: Set<String> = []

    package init(_ document: JSONObject) { self.document = document }

    package mutating func report(_ member: String, _ reason: String) {
        problems.append(.init(member: member, reason: reason))
    }

    /// Whether a problem of the member or of one of its items was reported.
    func hasProblem(in name: String) -> Bool {
        problems.contains { $0.member == name || $0.member.hasPrefix("\(name)[") || $0.member.hasPrefix("\(name).") }
    }

    package mutating func value<Value>(_ name: String, _ parse: (String) throws(InvalidValue) -> Value) -> Value? {
        guard let text = text(name) else { return nil }
        do { return try parse(text) } catch {
            report(name, error.reason)
            return nil
        }
    }

    /// Reads one of the words in `choices`.
    mutating func choice<Value>(_ name: String, _ choices: KeyValuePairs<String, Value>) -> Value? {
        value(name) { text throws(InvalidValue) in
            if let choice = choices.first(where: { $0.key == text }) { return choice.value }
            let words = choices.map(\.key)
            throw InvalidValue("must be \(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")")
        }
    }

    package mutating func required(_ name: String, _ parse: (String) throws(InvalidValue) -> String) -> String {
        if document[name] == nil { report(name, "is missing") }
        return value(name, parse) ?? ""
    }

    package mutating func text(_ name: String) -> String? {
        known.insert(name)
        guard let member = document[name] else { return nil }
        guard let text = member.string else {
            report(name, Self.expectingString(insteadOf: member))
            return nil
        }
        return text
    }

    /// Says how to write the string. YAML takes unquoted digits and words such as `yes` for other types.
    private static func expectingString(insteadOf value: JSON) -> String {
        switch value {
        case .array: "must be a string, not a list"
        case .object: "must be a string, not an object"
        case .null: "must be a string; remove the member to leave it unset"
        default: "must be a string; put it in quotes"
        }
    }

    package mutating func flag(_ name: String) -> Bool? {
        known.insert(name)
        guard let member = document[name] else { return nil }
        guard let flag = member.bool else {
            report(name, "must be true or false")
            return nil
        }
        return flag
    }

    package mutating func seconds(_ name: String) -> Int? {
        known.insert(name)
        guard let member = document[name] else { return nil }
        guard let number = member.integer, (0...1_000_000_000).contains(number) else {
            report(name, "must be a number of seconds")
            return nil
        }
        return number
    }

    package mutating func list<Value>(
        _ name: String, _ parse: (String) throws(InvalidValue) -> Value, default values: [Value] = []
    ) -> [Value] {
        known.insert(name)
        guard let member = document[name] else { return values }
        guard let items = member.array else {
            report(name, "must be a list" + (member.string == nil ? "" : "; put it in brackets"))
            return []
        }
        var parsed: [Value] = []
        for (index, item) in items.enumerated() {
            guard let text = item.string else {
                report("\(name)[\(index)]", Self.expectingString(insteadOf: item))
                continue
            }
            do { parsed.append(try parse(text)) } catch { report("\(name)[\(index)]", error.reason) }
        }
        return parsed
    }

    /// Reads a text, given as a string or as an object that maps each language to its text.
    mutating func translated(_ name: String) -> TranslatedText? {
        known.insert(name)
        return document[name].flatMap { translated($0, at: name) }
    }

    /// Uses the English text as the default, or the first one if there is none in English.
    private mutating func translated(_ value: JSON, at place: String) -> TranslatedText? {
        if let text = value.string { return TranslatedText(text: text, translations: [:]) }
        var translations: [String: String] = [:]
        for (language, value) in value.object?.members ?? [] {
            guard Self.isLanguage(language), let text = value.string, !text.isEmpty else {
                report("\(place).\(language)", "must be a language tag, such as de or pt-BR, with a text")
                continue
            }
            translations[language] = text
        }
        guard let first = value.object?.names.first else {
            report(place, "must be a string or an object that maps languages to texts")
            return nil
        }
        return (translations["en"] ?? translations[first]).map { TranslatedText(text: $0, translations: translations) }
    }

    /// Checks only the characters and length of a language tag (RFC 5646 §2.1).
    private static func isLanguage(_ text: String) -> Bool {
        (2...35).contains(text.utf8.count)
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }

    /// Reads the translations of a text, one member per language, such as `client_name#de` (RFC 7591 §2.2).
    mutating func translations(of name: String) -> [String: String] {
        var translations: [String: String] = [:]
        for member in document.names where member.hasPrefix("\(name)#") {
            let language = String(member.dropFirst(name.count + 1))
            guard let text = text(member) else { continue }
            guard Self.isLanguage(language), !text.isEmpty else {
                report(member, "must be a text whose name ends in a language tag, such as \(name)#de")
                continue
            }
            translations[language] = text
        }
        return translations
    }

    /// Reports the member, if it is present, with the reason why nothing would honor it.
    mutating func refuse(_ name: String, _ reason: String) {
        known.insert(name)
        if document[name] != nil { report(name, reason) }
    }

    /// Reads names, given as a list or as an object that maps each name to its description.
    mutating func described(_ name: String, _ parse: (String) throws(InvalidValue) -> String)
        -> (names: [String], descriptions: [String: TranslatedText])
    {
        guard let object = document[name]?.object else { return (list(name, parse), [:]) }
        known.insert(name)
        var descriptions: [String: TranslatedText] = [:]
        for (key, value) in object.members {
            do { _ = try parse(key) } catch { report("\(name).\(key)", error.reason) }
            guard value != .null else { continue }
            guard value != "" else {
                report("\(name).\(key)", "must be a string with a description")
                continue
            }
            descriptions[key] = translated(value, at: "\(name).\(key)")
        }
        return (object.names, descriptions)
    }

    package mutating func object(_ name: String) -> JSONObject? {
        known.insert(name)
        guard let member = document[name] else { return nil }
        guard let object = member.object else {
            report(name, "must be an object")
            return nil
        }
        return object
    }

    /// Reads an object with its own parser. Its problems are reported with the path below `name`.
    mutating func nested<Value>(_ name: String, _ parse: (JSONObject) throws(InvalidDocument) -> Value) -> Value? {
        guard let object = object(name) else { return nil }
        do { return try parse(object) } catch {
            for problem in error.problems { report("\(name).\(problem.member)", problem.reason) }
            return nil
        }
    }

    /// Reads a list of objects with their own parser, as `nested` reads one.
    mutating func objects<Value>(
        _ name: String, _ parse: (JSONObject) throws(InvalidDocument) -> Value
    ) -> [Value] {
        known.insert(name)
        guard let member = document[name] else { return [] }
        guard let items = member.array else {
            report(name, "must be a list")
            return []
        }
        var parsed: [Value] = []
        for (index, item) in items.enumerated() {
            guard let object = item.object else {
                report("\(name)[\(index)]", "must be an object")
                continue
            }
            do { parsed.append(try parse(object)) } catch {
                for problem in error.problems { report("\(name)[\(index)].\(problem.member)", problem.reason) }
            }
        }
        return parsed
    }

    /// Reads an object whose members are objects with their own parser, as `objects` reads a list of them.
    mutating func members<Value>(
        _ name: String, _ parse: (String, JSONObject) throws(InvalidDocument) -> Value
    ) -> [Value] {
        var parsed: [Value] = []
        for (key, value) in object(name)?.members ?? [] {
            guard let member = value.object else {
                report("\(name).\(key)", "must be an object")
                continue
            }
            do { parsed.append(try parse(key, member)) } catch {
                for problem in error.problems {
                    report("\(name).\(key)" + (problem.member.isEmpty ? "" : ".\(problem.member)"), problem.reason)
                }
            }
        }
        return parsed
    }

    /// Reads a value of any type.
    mutating func json(_ name: String) -> JSON? {
        known.insert(name)
        return document[name]
    }

    mutating func number(_ name: String, in range: ClosedRange<Int>) -> Int? {
        known.insert(name)
        guard let member = document[name] else { return nil }
        guard let number = member.integer, range.contains(number) else {
            report(name, "must be a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func keys(_ name: String) -> JWKSet? {
        guard let object = object(name) else { return nil }
        do { return try JWKSet(object) } catch {
            report(name, "must be a JWK Set of public keys: \(error)")
            return nil
        }
    }

    package mutating func webURL(_ name: String) -> String? {
        value(name) { text throws(InvalidValue) in
            guard text.hasPrefix("https://") || Self.isLocal(text), URIText.isPlain(text) else {
                throw InvalidValue("must be an https URL, or an http URL of localhost")
            }
            return text
        }
    }

    /// Reads an `https` URL that Martlet fetches.
    mutating func httpsURL(_ name: String) -> String? {
        value(name) { text throws(InvalidValue) in
            guard text.hasPrefix("https://"), URIText.isPlain(text), !text.contains("#") else {
                throw InvalidValue("must be an https URL without a fragment")
            }
            return text
        }
    }

    /// Whether `text` is an http URL whose host is exactly `localhost`.
    private static func isLocal(_ text: String) -> Bool {
        guard text.hasPrefix("http://") else { return false }
        let authority = text.dropFirst("http://".count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let (host, port) = (authority.prefix { $0 != ":" }, authority.drop { $0 != ":" }.dropFirst())
        return host == "localhost" && port.allSatisfy { $0.isASCII && $0.isNumber }
    }

    package mutating func refuseUnknown(besides others: Set<String> = []) {
        for name in document.names where !known.contains(name) && !others.contains(name) {
            let hint = NearNames.hint(for: name, among: known.union(others).sorted())
            report(name, "is not a known member" + (hint.map { "; \($0)" } ?? ""))
        }
    }

    package func finish() throws(InvalidDocument) {
        guard problems.isEmpty else { throw InvalidDocument(problems) }
    }
}

extension Scope {
    /// Parses a scope in a document rather than in a request.
    package init(registered text: String) throws(InvalidValue) {
        do { try self.init(parsing: text) } catch { throw InvalidValue(error.description) }
    }
}
