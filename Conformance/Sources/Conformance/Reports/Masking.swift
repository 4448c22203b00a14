import Foundation

/// Masks secrets in reports: those of the target, and values of parameters that are secret by name.
package struct Masking: Sendable {
    private let secrets: [String]

    package init(secrets: [String]) {
        self.secrets = (secrets + secrets.map(FormEncoding.encode)).filter { $0.count >= 4 }
            .sorted { $0.count > $1.count }
    }

    private static let names: Set<String> = [
        "code", "access_token", "refresh_token", "id_token", "id_token_hint", "client_secret", "client_assertion",
        "password", "code_verifier", "token", "request", "interaction", "form_token", "registration_access_token",
        "totp", "otp", "assertion", "device_code", "request_uri", "response",
    ]

    /// Keeps enough of a value to tell two apart, but too little to use it.
    package static func mask(_ value: String) -> String {
        value.count <= 12 ? "•••" : "\(value.prefix(6))•••(\(value.count))"
    }

    package func text(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "•••") }
    }

    package func address(_ address: WebAddress) -> String {
        var masked = address.base
        if let query = address.query { masked += "?" + form(query) }
        if let fragment = address.fragment { masked += "#" + form(fragment) }
        return text(masked)
    }

    package func headers(_ headers: [Parameter]) -> [Parameter] {
        headers.map { header in
            switch header.name.lowercased() {
            case "authorization":
                let parts = header.value.split(separator: " ", maxSplits: 1).map(String.init)
                return Parameter(header.name, parts.count == 2 ? "\(parts[0]) \(Self.mask(parts[1]))" : "•••")
            case "cookie":
                let pairs = header.value.split(separator: ";").map { cookie(String($0)) }
                return Parameter(header.name, pairs.joined(separator: "; "))
            case "set-cookie":
                let parts = header.value.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
                return Parameter(
                    header.name, ([cookie(parts.first ?? "")] + parts.dropFirst()).joined(separator: ";"))
            case "dpop": return Parameter(header.name, Self.mask(header.value))
            case "location": return Parameter(header.name, address(WebAddress(header.value)))
            default: return Parameter(header.name, text(header.value))
            }
        }
    }

    /// A body of a form, a JSON document or a page.
    package func body(_ body: String, mediaType: String) -> String {
        if mediaType == "application/x-www-form-urlencoded" { return text(form(body)) }
        if let json = JSON(parsing: body.utf8), json.object != nil { return text(self.json(json).text) }
        return text(page(body))
    }

    private func form(_ encoded: String) -> String {
        FormEncoding.parse(encoded).map { parameter in
            Self.names.contains(parameter.name)
                ? "\(parameter.name)=\(Self.mask(parameter.value))"
                : "\(parameter.name)=\(FormEncoding.encode(parameter.value))"
        }.joined(separator: "&")
    }

    private func cookie(_ pair: String) -> String {
        let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return pair }
        return "\(parts[0].trimmingPrefix { $0 == " " })=\(Self.mask(parts[1]))"
    }

    private func json(_ value: JSON) -> JSON {
        switch value {
        case .object(let members):
            .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { name, value in
                        guard Self.names.contains(name), let text = value.string else { return (name, json(value)) }
                        return (name, .string(Self.mask(text)))
                    }))
        case .array(let values): .array(values.map(json))
        case .null, .bool, .number, .string: value
        }
    }

    /// Masks hidden fields, whose state is as sensitive as a secret while it is valid.
    private func page(_ html: String) -> String {
        html.replacing(/<input[^>]*>/.ignoresCase()) { match in
            let tag = String(match.0)
            guard let name = tag.firstMatch(of: /\bname\s*=\s*["']?([^"'\s>]*)/.ignoresCase()),
                Self.names.contains(String(name.1))
            else { return tag }
            return tag.replacing(/\bvalue\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)/.ignoresCase()) { value in
                "value=\"\(Self.mask(value.1.trimmingCharacters(in: ["\"", "'"])))\""
            }
        }
    }
}
