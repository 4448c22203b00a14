/// A text from a document, with its translations.
struct TranslatedText {
    /// The default, for users whose language has no translation.
    let text: String
    /// By language tag (RFC 5646).
    let translations: [String: String]
}
