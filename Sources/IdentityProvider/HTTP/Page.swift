package import FoundationEssentials
import HTTPTypes

/// A template and its data. The edge renders it in the user's language.
package struct Page: Sendable {
    package indirect enum Value: Sendable, Hashable {
        case text(String)
        case flag(Bool)
        case time(Date, TimeForm)
        case list([Value])
        case object([String: Value])
        /// A text by language tag (RFC 5646), with the default for all other languages.
        case translated([String: String], otherwise: String)
    }

    package let template: String
    package var data: [String: Value]
    /// The preferred languages from `ui_locales` (OpenID Connect Core §3.1.2.1), in order. They take precedence over
    /// `Accept-Language`.
    package var languages: [String]
    /// The targets of the page's forms besides the issuer, as source expressions of Content Security Policy. They
    /// include the targets of redirects, because browsers apply `form-action` to redirects after a submission.
    package var formTargets: [String]
    /// The sources of images besides the issuer.
    package var imageSources: [String]
    /// The URLs of the page's scripts.
    package var scriptSources: [String] = []
    /// The URLs of the page's frames.
    package var frameSources: [String] = []
    /// Whether a script submits the page's form as soon as it loads.
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
    /// Returns the error page, which tells the user what happened and what to do.
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
        if let sent = error.cause as? Unregistered {
            page.data["sent"] = ["name": .text(sent.parameter), "value": .text(sent.value.description)]
            page.data["remedy"] = .text("text.remedy_\(error.shownReason.rawValue)")
        }
        page.data["next"] = (error.next ?? (["throttled", "server"].contains(advice) ? .retry : nil))?.data
        return page
    }

    /// Returns the name of the advice paragraph on the error page.
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
