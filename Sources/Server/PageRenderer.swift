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
    let libraries: [String: MustacheLibrary]
    /// The same for plain text, which is not escaped: the text part of emails.
    let plainLibraries: [String: MustacheLibrary]
    let languages: [String]
    private let style: String
    private let script: String
    private let pageScript: String
    /// The pages whose template holds the page script, and which may therefore run it.
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
        var (libraries, plainLibraries): ([String: MustacheLibrary], [String: MustacheLibrary]) = ([:], [:])
        for file in files.keys where Self.isLocale(file) {
            let language = String(file.dropFirst("locales/".count).dropLast(".json".count))
            // Texts missing from a language fall back to English.
            let texts = common.merging(try Self.texts(in: files, language: language)) { _, own in own }
            libraries[language] = try Self.library(files, texts: texts)
            let plain = texts.mapValues { (text: "{{% CONTENT_TYPE:TEXT}}" + $0.text, file: $0.file) }
            plainLibraries[language] = try Self.library(
                files.filter { $0.key.hasSuffix(".txt.mustache") }, texts: plain)
        }
        self.libraries = libraries
        self.plainLibraries = plainLibraries
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
        let library = libraries[language] ?? MustacheLibrary()
        let times = TimeWords(library: library, now: now())
        var context = page.data.mapValues { $0.plain(in: language, times.element) }
        context["language"] = language
        context["style"] = style
        context["script"] = script
        context["page_script"] = pageScript
        context["issuer_name"] = name ?? self.name
        context["home_uri"] = home
        context["trace_id"] = TraceID.current
        guard let html = library.render(context, withTemplate: page.template) else {
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

    /// Builds the templates of one language. Each text becomes a template `text.KEY`, so that user data in texts is
    /// escaped as well.
    private static func library(
        _ files: [String: String], texts: [String: (text: String, file: String)]
    ) throws(InvalidTemplate) -> MustacheLibrary {
        var library = MustacheLibrary()
        for (file, text) in files where file.hasSuffix(".mustache") {
            try register(text, named: String(file.dropLast(".mustache".count)), of: file, in: &library)
        }
        for (key, entry) in texts { try register(entry.text, named: "text.\(key)", of: entry.file, in: &library) }
        return library
    }

    private static func texts(
        in files: [String: String], language: String
    ) throws(InvalidTemplate) -> [String: (text: String, file: String)] {
        let file = "locales/\(language).json"
        guard let object = try? JSONObject(parsing: Array((files[file] ?? "").utf8)) else {
            throw InvalidTemplate(file: file, reason: "must be a JSON object without repeated members")
        }
        var texts: [String: (text: String, file: String)] = [:]
        for (key, value) in object.members {
            guard let text = value.string else { throw InvalidTemplate(file: file, reason: "\(key) must be a string") }
            texts[key] = (text, file)
        }
        return texts
    }

    private static func register(
        _ text: String, named name: String, of file: String, in library: inout MustacheLibrary
    ) throws(InvalidTemplate) {
        do { try library.register(text, named: name) } catch {
            throw InvalidTemplate(file: file, reason: "\(error)")
        }
    }
}

/// A template that cannot be used.
package struct InvalidTemplate: Error {
    package let file: String
    package let reason: String
}

extension Page.Value {
    /// The value as the template engine expects it, for a page in `language`. `wording` puts times into words.
    func plain(in language: String, _ wording: (Date, TimeForm) -> Any) -> Any {
        switch self {
        case .text(let text): text
        case .flag(let flag): flag
        case .time(let moment, let form): wording(moment, form)
        case .list(let values): values.map { $0.plain(in: language, wording) }
        case .object(let members): members.mapValues { $0.plain(in: language, wording) }
        case .translated(let texts, let otherwise):
            LanguageRange.choose(from: texts.keys.sorted(), [language]).flatMap { texts[$0] } ?? otherwise
        }
    }
}
