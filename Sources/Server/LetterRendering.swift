import FoundationEssentials
package import IdentityProvider
import Mustache

/// The rendered text of an email.
package struct LetterWords: Sendable {
    package let subject: String
    package let text: String
    package let html: String
}

extension PageRenderer {
    /// Renders `letter` in the recipient's language; `name` is the issuer's display name. Throws `UnknownLetter` if
    /// there are no texts for its kind.
    package func words(of letter: Letter, from issuer: Issuer, name: String?) throws(UnknownLetter) -> LetterWords {
        let wishes = letter.languages + LanguageRange.parse(letter.acceptLanguage ?? "")
        let language = LanguageRange.choose(from: languages, wishes) ?? Self.fallback
        guard let library = libraries[language] else { throw UnknownLetter(kind: letter.kind) }
        var common: [String: TemplateValue] = [
            "language": .text(language), "issuer_name": .text(name ?? self.name), "issuer": .text(issuer.identifier),
        ]
        if case .list? = letter.data["details"] { common["has_details"] = .flag(true) }
        for part in ["subject", "text", "action", "note"] { common[part] = .text("text.mail_\(letter.kind)_\(part)") }
        func render(_ template: String, _ escaping: TemplateLibrary.Escaping) -> String? {
            let times = TimeWords(library: library, escaping: escaping, now: now())
            let data = letter.data.mapValues { $0.templateValue(in: language, times) }
            return library.render(template, with: common.merging(data) { own, _ in own }, escaping: escaping)
        }
        guard let subject = render("text.mail_\(letter.kind)_subject", .none),
            let text = render("mail/letter.txt", .none), let html = render("mail/letter.html", .html)
        else { throw UnknownLetter(kind: letter.kind) }
        return LetterWords(subject: subject, text: String(text.drop(while: \.isNewline)), html: html)
    }
}

/// There are no texts for emails of this kind, which is a bug in Martlet.
package struct UnknownLetter: Error {
    package let kind: String
}
