package import IdentityProvider
import Mustache

/// The words of a letter.
package struct LetterWords: Sendable {
    package let subject: String
    package let text: String
    package let html: String
}

extension PageRenderer {
    /// Puts `letter` into words, in the person's language; `name` is the issuer's for people. Throws
    /// `UnknownLetter` when there are no texts for its kind.
    package func words(of letter: Letter, from issuer: Issuer, name: String?) throws(UnknownLetter) -> LetterWords {
        let wishes = letter.languages + LanguageRange.parse(letter.acceptLanguage ?? "")
        let language = LanguageRange.choose(from: languages, wishes) ?? Self.fallback
        var context = letter.data.mapValues { $0.plain(in: language) }
        context["language"] = language
        context["issuer_name"] = name ?? self.name
        context["issuer"] = issuer.identifier
        if case .list? = letter.data["details"] { context["has_details"] = true }
        for part in ["subject", "text", "action", "note"] { context[part] = "text.mail_\(letter.kind)_\(part)" }
        guard let plain = plainLibraries[language], let markup = libraries[language],
            let subject = plain.render(context, withTemplate: "text.mail_\(letter.kind)_subject"),
            let text = plain.render(context, withTemplate: "mail/letter.txt"),
            let html = markup.render(context, withTemplate: "mail/letter.html")
        else { throw UnknownLetter(kind: letter.kind) }
        return LetterWords(subject: subject, text: String(text.drop(while: \.isNewline)), html: html)
    }
}

/// There are no texts for letters of this kind: a defect of ours.
package struct UnknownLetter: Error {
    package let kind: String
}
