/// The primary button of a page that ends a flow: its target and its label.
package struct NextStep: Sendable, Hashable {
    /// The button's label. Text: `next_LABEL`.
    package enum Label: String, Sendable, CaseIterable {
        case account = "account"
        case signIn = "sign_in"
        /// On to the client or upstream with the given name.
        case application = "application"
        /// Back to the client with the given name.
        case back = "back"
        /// On to the end of the flow.
        case finish = "finish"
        /// Request a new email, because the link in the old one no longer works.
        case newLink = "new_link"
        case resetPassword = "reset_password"
        case retry = "retry"
    }

    /// A path of the issuer, a URI registered for a client, or an endpoint of an upstream. Never taken from a request.
    let uri: String
    let label: Label
    /// The name of the client or upstream that the button leads to.
    let name: Page.Value?

    init(_ uri: String, _ label: Label, name: Page.Value? = nil) {
        self.uri = uri
        self.label = label
        self.name = name
    }

    /// Leads to the account page.
    package static func account(of issuer: Issuer) -> NextStep { NextStep(issuer.url(.account), .account) }

    /// Reloads the page that failed: an empty reference resolves to the current page (RFC 3986 §4.4).
    static let retry = NextStep("", .retry)

    var data: Page.Value {
        var data: [String: Page.Value] = ["uri": .text(uri), "label": .text("text.next_\(label.rawValue)")]
        data["name"] = name
        return .object(data)
    }
}
