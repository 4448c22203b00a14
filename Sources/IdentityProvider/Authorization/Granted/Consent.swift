package import FoundationEssentials

/// A user's stored consent to a client.
package struct Consent: Sendable, Hashable {
    package let user: Identifier<User>
    package let client: Identifier<Client>
    package var scope: Scope
    package var grantedAt: Date

    package init(user: Identifier<User>, client: Identifier<Client>, scope: Scope, grantedAt: Date) {
        self.user = user
        self.client = client
        self.scope = scope
        self.grantedAt = grantedAt
    }
}
