package import IdentityProvider

/// The sender of emails: `Front Door <no-reply@example.com>`, or the address alone.
package struct MailSender: Sendable, Hashable {
    package let name: String?
    package let address: MailAddress

    /// `nil` for anything else.
    package init?(_ text: String) {
        guard text.last == ">", let bracket = text.lastIndex(of: "<") else {
            guard let address = MailAddress(text) else { return nil }
            self.address = address
            name = nil
            return
        }
        let name = text[..<bracket].trimmed
        guard let address = MailAddress(String(text[text.index(after: bracket)...].dropLast())),
            name.unicodeScalars.allSatisfy({
                $0.value >= 0x20 && $0.value != 0x7F && !"<>@".unicodeScalars.contains($0)
            })
        else { return nil }
        self.address = address
        self.name = name.isEmpty ? nil : String(name)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\"" }
        return start.lastIndex { $0 != " " && $0 != "\"" }.map { start[...$0] } ?? ""
    }
}
