/// The provider metadata (OpenID Connect Discovery §3).
package struct ProviderMetadata: Sendable {
    /// The address of the document.
    package let address: WebAddress
    package let answer: WebAnswer
    package let members: [String: JSON]

    package init(address: WebAddress, answer: WebAnswer) throws(Misbehaviour) {
        guard answer.status == 200, let members = answer.json?.object else {
            throw Misbehaviour("\(address) returned \(answer.status) \(answer.mediaType) instead of a JSON document")
        }
        self.address = address
        self.answer = answer
        self.members = members
    }

    package subscript(name: String) -> JSON? { members[name] }

    /// Returns the URL of an endpoint. Throws `Misbehaviour` if it is missing.
    package func endpoint(_ name: String) throws(Misbehaviour) -> WebAddress {
        guard let text = members[name]?.string, text.contains("://") else {
            throw Misbehaviour("the metadata has no \(name)")
        }
        return WebAddress(text)
    }

    /// Whether the list `name` contains `value`, or `nil` if there is no such list.
    package func lists(_ value: String, in name: String) -> Bool? { members[name]?.strings?.contains(value) }
}
