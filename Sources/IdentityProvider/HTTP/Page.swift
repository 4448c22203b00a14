import HTTPTypes

/// A template's name and its data. The edge knows how to show it, and in which language.
package struct Page: Sendable {
    package indirect enum Value: Sendable, Equatable {
        case text(String)
        case flag(Bool)
        case list([Value])
        case object([String: Value])
        /// A text by language (RFC 5646), and what everybody else reads.
        case translated([String: String], otherwise: String)
    }

    package let template: String
    package var data: [String: Value]
    /// The person's wish from `ui_locales`, most wanted first; it goes before `Accept-Language`
    /// (OpenID Connect Core §3.1.2.1).
    package var languages: [String]
    /// Where a form of this page may lead besides the issuer, as a source expression of Content Security Policy:
    /// browsers apply `form-action` to the redirects that follow a submission, too.
    package var formTargets: [String]
    /// Where images may come from besides the issuer.
    package var imageSources: [String]
    /// The scripts that it may run, by their addresses.
    package var scriptSources: [String] = []
    /// Whether a script sends the page's form on as soon as it is there.
    package var submitsItself = false

    package init(
        _ template: String, data: [String: Value] = [:], languages: [String] = [], formTargets: [String] = [],
        imageSources: [String] = []
    ) {
        self.template = template
        self.data = data
        self.languages = languages
        self.formTargets = formTargets
        self.imageSources = imageSources
    }
}

extension Page.Value: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByDictionaryLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
    package init(booleanLiteral value: Bool) { self = .flag(value) }
    package init(dictionaryLiteral elements: (String, Page.Value)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
}

extension Page {
    /// Says what went wrong in words for people, with what they can do.
    package static func error(_ error: OAuthError) -> Page {
        let advice = advice(for: error)
        var page = Page(
            "error",
            data: [
                "status": .text(String(error.status.code)),
                "code": .text(error.code.rawValue),
                "description": .text(error.description),
                "reason": .text("text.reason_\(error.shownReason.rawValue)"),
                "error": .object([advice: true]),
            ],
            languages: error.languages)
        page.data["parameter"] = error.parameter.map(Value.text)
        page.data["next"] = (error.next ?? (["throttled", "server"].contains(advice) ? .retry : nil))?.data
        return page
    }

    /// The paragraph of the error page that says what to do.
    private static func advice(for error: OAuthError) -> String {
        switch (error.status, error.code) {
        case (.tooManyRequests, _), (.serviceUnavailable, _): "throttled"
        case (.notFound, _): "not_found"
        case (.forbidden, .insufficientScope): "denied"
        case (.forbidden, .insufficientUserAuthentication): "waiting"
        case (.forbidden, _): "form"
        case (.gone, _): "expired"
        case (_, .serverError): "server"
        default: "request"
        }
    }
}
