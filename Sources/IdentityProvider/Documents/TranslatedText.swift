/// A text of a document, and what it is in other languages.
struct TranslatedText {
    /// For everybody whose language is not among the translations.
    let text: String
    /// By language (RFC 5646).
    let translations: [String: String]
}
