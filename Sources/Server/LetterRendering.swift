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
        var common: [String: Any] = [
            "language": language, "issuer_name": name ?? self.name, "issuer": issuer.identifier,
        ]
        if case .list? = letter.data["details"] { common["has_details"] = true }
        for part in ["subject", "text", "action", "note"] { common[part] = "text.mail_\(letter.kind)_\(part)" }
        func context(_ wording: (Date, TimeForm) -> Any) -> [String: Any] {
            common.merging(letter.data.mapValues { $0.plain(in: language, wording) }) { own, _ in own }
        }
        guard let plain = plainLibraries[language], let markup = libraries[language] else {
            throw UnknownLetter(kind: letter.kind)
        }
        let words = context(TimeWords(library: plain, now: now()).words)
        let elements = context(TimeWords(library: markup, now: now()).element)
        guard let subject = plain.render(words, withTemplate: "text.mail_\(letter.kind)_subject"),
            let text = plain.render(words, withTemplate: "mail/letter.txt"),
            let html = markup.render(elements, withTemplate: "mail/letter.html")
        else { throw UnknownLetter(kind: letter.kind) }
        return LetterWords(subject: subject, text: String(text.drop(while: \.isNewline)), html: html)
    }
}

/// There are no texts for emails of this kind, which is a bug in Martlet.
package struct UnknownLetter: Error {
    package let kind: String
}
