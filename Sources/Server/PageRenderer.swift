import Crypto
import HTTPTypes
import IdentityProvider
import Instrumentation
import JOSE
import Mustache
import Templates
import Tracing

/// Renders pages from the templates, in the person's language, under a policy that forbids everything they do not use.
package struct PageRenderer: Sendable {
    private let libraries: [String: MustacheLibrary]
    private let style: String
    private let styleHash: String
    private let name: String
    private static let fallback = "en"

    /// `overrides` replace the built-in files of the same name. Throws `InvalidTemplate` naming the file.
    package init(name: String, overrides: [String: String] = [:]) throws(InvalidTemplate) {
        let files = Templates.files.merging(overrides) { _, override in override }
        style = files["style.css"] ?? ""
        styleHash = Self.base64(SHA256.hash(data: Array(style.utf8)))
        self.name = name
        var libraries: [String: MustacheLibrary] = [:]
        for (file, text) in files where file.hasPrefix("locales/") && file.hasSuffix(".json") {
            let language = String(file.dropFirst("locales/".count).dropLast(".json".count))
            libraries[language] = try Self.library(files, texts: text, file: file)
        }
        self.libraries = libraries
    }

    func render(_ response: Response, for exchange: Exchange) -> Answer {
        switch response.body {
        case .bytes(let bytes): return Answer(status: response.status, headers: response.headers, body: bytes)
        case .page(let page):
            let wishes = page.languages + LanguageRange.parse(exchange.head.headerFields[.acceptLanguage] ?? "")
            let language = LanguageRange.choose(from: Array(libraries.keys), wishes) ?? Self.fallback
            var answer = Answer(status: response.status, headers: response.headers, body: [])
            answer.headers[.contentType] = "text/html; charset=utf-8"
            answer.headers[.contentLanguage] = language
            answer.headers[.vary] = "Accept-Language"
            answer.headers[.contentSecurityPolicy] = policy(for: page)
            answer.body = Array(html(page, language).utf8)
            return answer
        }
    }

    private func html(_ page: Page, _ language: String) -> String {
        var context: [String: Any] = page.data.mapValues(Self.plain)
        context["language"] = language
        context["style"] = style
        context["issuer_name"] = name
        context["trace_id"] = Self.traceID
        return libraries[language]?.render(context, withTemplate: page.template) ?? ""
    }

    private func policy(for page: Page) -> String {
        let targets = (["'self'"] + page.formTargets).joined(separator: " ")
        let images = (["'self'", "data:"] + page.imageSources).joined(separator: " ")
        return """
            default-src 'none'; style-src 'sha256-\(styleHash)'; img-src \(images); form-action \(targets); \
            frame-ancestors 'none'; base-uri 'none'
            """
    }

    /// Of the request under way, so that a person can quote it.
    private static var traceID: String? {
        var fields: [String: String] = [:]
        InstrumentationSystem.instrument.inject(
            ServiceContext.current ?? .topLevel, into: &fields, using: DictionaryInjector())
        return fields["traceparent"].map { String($0.dropFirst(3).prefix(32)) }
    }

    private static func plain(_ value: Page.Value) -> Any {
        switch value {
        case .text(let text): text
        case .flag(let flag): flag
        case .list(let values): values.map(plain)
        case .object(let members): members.mapValues(plain)
        }
    }

    private static func library(
        _ files: [String: String], texts: String, file: String
    ) throws(InvalidTemplate) -> MustacheLibrary {
        var library = MustacheLibrary()
        for (name, text) in files where name.hasSuffix(".mustache") {
            try register(text, named: String(name.dropLast(".mustache".count)), of: name, in: &library)
        }
        guard let texts = try? JSONObject(parsing: Array(texts.utf8)) else {
            throw InvalidTemplate(file: file, reason: "is not a JSON object without repeated members")
        }
        for (key, value) in texts.members {
            guard let text = value.string else { throw InvalidTemplate(file: file, reason: "\(key) must be a text") }
            try register(text, named: "text.\(key)", of: file, in: &library)
        }
        return library
    }

    private static func register(
        _ text: String, named name: String, of file: String, in library: inout MustacheLibrary
    ) throws(InvalidTemplate) {
        do { try library.register(text, named: name) } catch {
            throw InvalidTemplate(file: file, reason: "\(error)")
        }
    }

    private static func base64(_ digest: SHA256.Digest) -> String {
        // Content Security Policy writes hashes in plain base64.
        Base64URL.encode(Array(digest)).replacing("-", with: "+").replacing("_", with: "/") + "="
    }
}

/// A template that cannot be used.
package struct InvalidTemplate: Error {
    package let file: String
    package let reason: String
}

private struct DictionaryInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
}
