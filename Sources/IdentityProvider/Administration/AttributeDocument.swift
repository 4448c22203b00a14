package import JOSE

extension Attribute {
    /// Creates an attribute from its entry in a resource file.
    package init(document: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        let name = reader.required("name", Self.checkName)
        let title = reader.translated("title")
        let type = reader.value("type", ValueType.init(registered:)) ?? .string
        let values = reader.list("values", Self.checkValue)
        let shortest = reader.number("min_length", in: Self.lengths)
        let longest = reader.number("max_length", in: Self.lengths)
        let access = reader.value("user", Access.init(registered:)) ?? .hidden
        let claims = reader.objects("claims") { claim throws(InvalidDocument) in
            try AttributeClaim(document: claim, of: name)
        }
        if !values.isEmpty, ![.string, .list].contains(type) {
            reader.report("values", "needs type string or list; the type is \(type.rawValue)")
        }
        if shortest != nil || longest != nil, ![.string, .url, .list].contains(type) {
            reader.report(
                shortest == nil ? "max_length" : "min_length",
                "needs type string, url or list; the type is \(type.rawValue)")
        }
        let minimum = shortest ?? Self.defaultLength.lowerBound
        let maximum = longest ?? max(minimum, Self.defaultLength.upperBound)
        if minimum > maximum { reader.report("min_length", "must not be greater than max_length") }
        reader.refuseUnknown()
        try reader.finish()
        self.init(
            name: name, title: title?.text, titles: title?.translations ?? [:], type: type, values: values,
            length: minimum...maximum, access: access, claims: claims)
    }

    private static let lengths = 1...2_000

    private static func checkName(_ text: String) throws(InvalidValue) -> String {
        guard (1...64).contains(text.utf8.count), text.first?.isLetter == true,
            text.utf8.allSatisfy({ $0.isASCIIAlphanumeric || "_-".utf8.contains($0) })
        else { throw InvalidValue("must be 1 to 64 letters, digits, _ or -, starting with a letter") }
        return try AttributeClaim.checkFree(text)
    }

    private static func checkValue(_ text: String) throws(InvalidValue) -> String {
        guard !text.isEmpty, text.unicodeScalars.count <= lengths.upperBound, isPlain(text) else {
            throw InvalidValue(
                "must be 1 to \(lengths.upperBound) characters without line breaks or control characters")
        }
        return text
    }
}

extension AttributeClaim {
    fileprivate init(document: JSONObject, of attribute: String) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        let name = reader.value("claim", Self.checkName)
        let scope = reader.value("scope") { text throws(InvalidValue) in
            guard Scope.isValue(text) else { throw InvalidValue("must be one scope value") }
            return text
        }
        let clients = reader.list("clients") { text throws(InvalidValue) in text }
        let servers = reader.list("resource_servers") { text throws(InvalidValue) in text }
        if document["scope"] == nil, servers.isEmpty {
            reader.report("scope", "is missing: name the scope that releases the claim, or resource_servers")
        }
        if document["clients"] != nil, clients.isEmpty {
            reader.report("clients", "must name at least one client; leave it out for all clients")
        }
        reader.refuseUnknown()
        try reader.finish()
        self.init(name ?? attribute, scope: scope, clients: clients, resourceServers: servers)
    }

    /// A claim can have a collision-resistant name, such as a URL (RFC 7519 §4.2).
    private static func checkName(_ text: String) throws(InvalidValue) -> String {
        guard Scope.isValue(text), text.utf8.count <= 255 else {
            throw InvalidValue("must be 1 to 255 printable ASCII characters without spaces, quotes or backslashes")
        }
        return try checkFree(text)
    }

    fileprivate static func checkFree(_ text: String) throws(InvalidValue) -> String {
        guard !ReservedClaims.contains(text) else {
            throw InvalidValue("\(text) is a claim that a standard or Martlet defines; choose another name")
        }
        return text
    }
}

extension Attribute.ValueType {
    fileprivate init(registered text: String) throws(InvalidValue) {
        guard let type = Self(rawValue: text) else {
            let hint = NearNames.hint(for: text, among: Self.allCases.map(\.rawValue)).map { "; \($0)" } ?? ""
            throw InvalidValue("must be one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))\(hint)")
        }
        self = type
    }
}

extension Attribute.Access {
    fileprivate init(registered text: String) throws(InvalidValue) {
        guard let access = Self(rawValue: text) else { throw InvalidValue("must be hidden, visible or editable") }
        self = access
    }
}
