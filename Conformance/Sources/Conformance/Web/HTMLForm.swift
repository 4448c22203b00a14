/// A form on a page.
package struct HTMLForm: Sendable {
    package struct Field: Sendable {
        package let name: String
        package let value: String
        package let type: String
        package let autocomplete: String
    }

    package struct Button: Sendable {
        package let name: String?
        package let value: String
        package var label: String
    }

    package let action: String
    package let method: String
    package fileprivate(set) var fields: [Field] = []
    package fileprivate(set) var buttons: [Button] = []

    package var hidden: [Field] { fields.filter { $0.type == "hidden" } }
    package var password: Field? { fields.first { $0.type == "password" } }

    /// The fields that a user can type in.
    package var visible: [Field] {
        fields.filter { !["hidden", "submit", "checkbox", "radio", "image", "button"].contains($0.type) }
    }

    /// Returns the forms of a page.
    package static func all(in html: String) -> [HTMLForm] {
        var forms: [HTMLForm] = []
        var isOpen = false
        var isInButton = false
        for piece in HTMLPiece.scan(html) {
            switch piece {
            case .open("form", let attributes):
                isOpen = true
                forms.append(
                    HTMLForm(
                        action: attributes["action"] ?? "", method: (attributes["method"] ?? "get").uppercased()))
            case .close("form"): isOpen = false
            case .open("button", let attributes) where isOpen && attributes["type"] ?? "submit" == "submit":
                isInButton = true
                forms[forms.count - 1].buttons.append(
                    Button(name: attributes["name"], value: attributes["value"] ?? "", label: ""))
            case .close("button"): isInButton = false
            case .text(let text) where isInButton:
                forms[forms.count - 1].buttons[forms[forms.count - 1].buttons.count - 1].label += text
            case .open("input", let attributes) where isOpen: forms[forms.count - 1].take(attributes)
            default: break
            }
        }
        return forms
    }

    private mutating func take(_ attributes: [String: String]) {
        let type = (attributes["type"] ?? "text").lowercased()
        if type == "submit" {
            let value = attributes["value"] ?? ""
            buttons.append(Button(name: attributes["name"], value: value, label: value))
        } else if let name = attributes["name"],
            !["checkbox", "radio"].contains(type) || attributes["checked"] != nil
        {
            fields.append(
                Field(
                    name: name, value: attributes["value"] ?? "", type: type,
                    autocomplete: attributes["autocomplete"] ?? ""))
        }
    }
}
