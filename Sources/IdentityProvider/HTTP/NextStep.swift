/// The primary button of a page that ends something: where it leads and what it says.
package struct NextStep: Sendable, Hashable {
    /// What the button says, by the text `next_LABEL`.
    package enum Label: String, Sendable, CaseIterable {
        case signIn = "sign_in"
        /// On to the client whose name is given.
        case application = "application"
        /// Back to the client whose name is given.
        case back = "back"
        /// A new email in place of one whose link no longer works.
        case newLink = "new_link"
        case resetPassword = "reset_password"
        case retry = "retry"
    }

    /// A path of ours, or an address that was registered for a client. Never taken from a request.
    let uri: String
    let label: Label
    /// The name of the client that it leads to.
    let name: String?

    init(_ uri: String, _ label: Label, name: String? = nil) {
        self.uri = uri
        self.label = label
        self.name = name
    }

    /// The page that failed, once more: an empty reference is the address of the page itself (RFC 3986 §4.4).
    static let retry = NextStep("", .retry)

    var data: Page.Value {
        var data: [String: Page.Value] = ["uri": .text(uri), "label": .text("text.next_\(label.rawValue)")]
        data["name"] = name.map(Page.Value.text)
        return .object(data)
    }
}
