import HTTPTypes
import IdentityProvider
import JOSE
import Logging
import Mustache
import Templates

/// Renders pages from the templates, in the person's language, under a policy that forbids everything they do not use.
package struct PageRenderer: Sendable {
    static let fallback = "en"

    /// The templates and texts of each language.
    let libraries: [String: MustacheLibrary]
    /// The same for what is no markup: the text of mails.
    let plainLibraries: [String: MustacheLibrary]
    let languages: [String]
    private let style: String
    private let script: String
    private let policy: PagePolicy
    let name: String

    /// `name` is what people read at the top; `overrides` replace the built-in files of the same name, such as
    /// `sign-in.mustache`, and may add `locales/LANGUAGE.json`. Throws `InvalidTemplate`, which names the file.
    package init(name: String, overrides: [String: String] = [:]) throws(InvalidTemplate) {
        for file in overrides.keys.sorted() where Templates.files[file] == nil && !Self.isLocale(file) {
            // A misspelt name must not pass unseen.
            throw InvalidTemplate(file: file, reason: "is no template of this program")
        }
        let files = Templates.files.merging(overrides) { _, override in override }
        let common = try Self.texts(in: files, language: Self.fallback)
        var (libraries, plainLibraries): ([String: MustacheLibrary], [String: MustacheLibrary]) = ([:], [:])
        for file in files.keys where Self.isLocale(file) {
            let language = String(file.dropFirst("locales/".count).dropLast(".json".count))
            // What a language does not say is said in English rather than not at all.
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
        policy = PagePolicy(style: style, script: script)
        self.name = name
    }

    func render(
        _ page: Page, status: HTTPResponse.Status, headers: HTTPFields, for acceptLanguage: String?, name: String?,
        home: String? = nil
    ) -> Answer {
        let wishes = page.languages + LanguageRange.parse(acceptLanguage ?? "")
        let language = LanguageRange.choose(from: languages, wishes) ?? Self.fallback
        var context = page.data.mapValues { $0.plain(in: language) }
        context["language"] = language
        context["style"] = style
        context["script"] = script
        context["issuer_name"] = name ?? self.name
        context["home_uri"] = home
        context["trace_id"] = TraceID.current
        guard let html = libraries[language]?.render(context, withTemplate: page.template) else {
            Logger.current.error("there is no template", metadata: ["page": "\(page.template)"])
            return Answer(
                status: .internalServerError, headers: [.contentType: "text/plain"], body: Array("internal error".utf8))
        }
        var answer = Answer(status: status, headers: headers, body: Array(html.utf8))
        answer.headers[.contentType] = "text/html; charset=utf-8"
        answer.headers[.contentLanguage] = language
        answer.headers[.vary] = "Accept-Language"
        answer.headers[.contentSecurityPolicy] = policy.field(for: page)
        // Addresses of pages hold secrets, which other origins must not see; without any referrer the page's own forms
        // would come with `Origin: null` (Fetch §3.1).
        answer.headers[.referrerPolicy] = "same-origin"
        return answer
    }

    private static func isLocale(_ file: String) -> Bool { file.hasPrefix("locales/") && file.hasSuffix(".json") }

    /// The templates, and each text as a template `text.KEY`: what a text says of the person's data is escaped, too.
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
            throw InvalidTemplate(file: file, reason: "is not a JSON object without repeated members")
        }
        var texts: [String: (text: String, file: String)] = [:]
        for (key, value) in object.members {
            guard let text = value.string else { throw InvalidTemplate(file: file, reason: "\(key) must be a text") }
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
    /// As the template engine takes it, for a page in `language`.
    func plain(in language: String) -> Any {
        switch self {
        case .text(let text): text
        case .flag(let flag): flag
        case .list(let values): values.map { $0.plain(in: language) }
        case .object(let members): members.mapValues { $0.plain(in: language) }
        case .translated(let texts, let otherwise):
            LanguageRange.choose(from: texts.keys.sorted(), [language]).flatMap { texts[$0] } ?? otherwise
        }
    }
}
