package import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import Logging
import Mustache
import Templates

/// Renders pages from templates in the user's language, under a policy that forbids everything they don't use.
package struct PageRenderer: Sendable {
    static let fallback = "en"

    /// The templates and texts by language.
    let libraries: [String: TemplateLibrary]
    let languages: [String]
    private let style: String
    private let script: String
    private let pageScript: String
    /// The pages that may run the page script, because their template contains it.
    private let scripted: Set<String>
    private let policy: PagePolicy
    let name: String
    let now: @Sendable () -> Date

    /// `name` is shown at the top of pages. `overrides` replace the built-in files of the same name, such as
    /// `sign-in.mustache`, and may add `locales/LANGUAGE.json`. Throws `InvalidTemplate`, which names the file.
    package init(
        name: String, overrides: [String: String] = [:], now: @escaping @Sendable () -> Date = { Date() }
    ) throws(InvalidTemplate) {
        for file in overrides.keys.sorted() where Templates.files[file] == nil && !Self.isLocale(file) {
            // Rejects a misspelled name, which would otherwise be ignored silently.
            throw InvalidTemplate(file: file, reason: "is not the name of a built-in template")
        }
        let files = Templates.files.merging(overrides) { _, override in override }
        let common = try Self.texts(in: files, language: Self.fallback)
        let templates = try Self.templates(in: files)
        var libraries: [String: TemplateLibrary] = [:]
        for file in files.keys where Self.isLocale(file) {
            let language = String(file.dropFirst("locales/".count).dropLast(".json".count))
            // Texts missing from a language fall back to English.
            let texts =
                language == Self.fallback
                ? common : common.merging(try Self.texts(in: files, language: language)) { _, own in own }
            libraries[language] = TemplateLibrary(templates.merging(texts) { template, _ in template })
        }
        self.libraries = libraries
        languages = libraries.keys.sorted()
        style = files["style.css"] ?? ""
        script = files["submit.js"] ?? ""
        pageScript = files["page.js"] ?? ""
        scripted = Set(files.filter { $0.value.contains("{{{page_script}}}") }.keys)
        policy = PagePolicy(style: style, script: script, pageScript: pageScript)
        self.name = name
        self.now = now
    }

    func render(
        _ page: Page, status: HTTPResponse.Status, headers: HTTPFields, for acceptLanguage: String?, name: String?,
        home: String? = nil
    ) -> Answer {
        let wishes = page.languages + LanguageRange.parse(acceptLanguage ?? "")
        let language = LanguageRange.choose(from: languages, wishes) ?? Self.fallback
        let library = libraries[language] ?? TemplateLibrary()
        let times = TimeWords(library: library, escaping: .html, now: now())
        var context = page.data.mapValues { $0.templateValue(in: language, times) }
        context["language"] = .text(language)
        context["style"] = .text(style)
        context["script"] = .text(script)
        context["page_script"] = .text(pageScript)
        context["issuer_name"] = .text(name ?? self.name)
        context["home_uri"] = home.map { .text($0) }
        context["trace_id"] = TraceID.current.map { .text($0) }
        guard let html = library.render(page.template, with: context) else {
            Logger.current.error("no such template", metadata: ["page": "\(page.template)"])
            return Answer(
                status: .internalServerError, headers: [.contentType: "text/plain"], body: Array("internal error".utf8))
        }
        var answer = Answer(status: status, headers: headers, body: Array(html.utf8))
        answer.headers[.contentType] = "text/html; charset=utf-8"
        answer.headers[.contentLanguage] = language
        answer.headers[.vary] = "Accept-Language"
        answer.headers[.contentSecurityPolicy] = policy.field(
            for: page, runsPageScript: scripted.contains(page.template + ".mustache"))
        // URLs of pages contain secrets that other origins must not see. With no referrer at all, the page's own forms
        // would send `Origin: null` (Fetch §3.1).
        answer.headers[.referrerPolicy] = "same-origin"
        return answer
    }

    private static func isLocale(_ file: String) -> Bool { file.hasPrefix("locales/") && file.hasSuffix(".json") }

    private static func templates(in files: [String: String]) throws(InvalidTemplate) -> [String: Template] {
        var templates: [String: Template] = [:]
        for (file, text) in files where file.hasSuffix(".mustache") {
            templates[String(file.dropLast(".mustache".count))] = try template(text, of: file)
        }
        return templates
    }

    /// The texts of a language, each a template named `text.KEY`, so that data inside a text is escaped like any other.
    private static func texts(
        in files: [String: String], language: String
    ) throws(InvalidTemplate) -> [String: Template] {
        let file = "locales/\(language).json"
        guard let object = try? JSONObject(parsing: Array((files[file] ?? "").utf8)) else {
            throw InvalidTemplate(file: file, reason: "must be a JSON object without repeated members")
        }
        var texts: [String: Template] = [:]
        for (key, value) in object.members {
            guard let text = value.string else { throw InvalidTemplate(file: file, reason: "\(key) must be a string") }
            texts["text.\(key)"] = try template(text, of: file, key: key)
        }
        return texts
    }

    private static func template(
        _ text: String, of file: String, key: String? = nil
    ) throws(InvalidTemplate) -> Template {
        do { return try Template(parsing: text) } catch {
            throw InvalidTemplate(file: file, reason: key.map { "\($0): \(error.reason)" } ?? "\(error)")
        }
    }
}

/// A template that cannot be used.
package struct InvalidTemplate: Error {
    package let file: String
    package let reason: String
}

extension Page.Value {
    /// The value as the template engine expects it, for a page in `language`, with `times` put into words.
    func templateValue(in language: String, _ times: TimeWords) -> TemplateValue {
        switch self {
        case .text(let text): .text(text)
        case .flag(let flag): .flag(flag)
        case .time(let moment, let form): times.value(for: moment, form)
        case .list(let values): .list(values.map { $0.templateValue(in: language, times) })
        case .object(let members): .object(members.mapValues { $0.templateValue(in: language, times) })
        case .translated(let texts, let otherwise):
            .text(LanguageRange.choose(from: texts.keys.sorted(), [language]).flatMap { texts[$0] } ?? otherwise)
        }
    }
}
