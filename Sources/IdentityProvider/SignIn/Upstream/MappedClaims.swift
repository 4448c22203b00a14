import FoundationEssentials
import JOSE

/// What an upstream's claims give an account, according to its rules. Pure.
struct MappedClaims: Sendable, Hashable {
    private(set) var profile: JSONObject = [:]
    private(set) var attributes: JSONObject = [:]
    /// Never more than the rules name.
    let membership: Membership

    /// Empty: copying it removes everything that the rules manage.
    static let none = MappedClaims()

    private init() { membership = Membership() }

    /// Skips values that no account may have.
    init(_ claims: JSONObject, of upstream: Upstream, declared: AttributeCatalog) {
        let rules = upstream.accountRules
        membership = rules.given(by: claims)
        for name in rules.profile {
            guard let value = upstream.claims.value(name, in: claims) else { continue }
            guard Self.isValid(value, for: name) else {
                Decision.note("The claim \(name) of the upstream was not copied: it is malformed or too long.")
                continue
            }
            profile[name] = value
        }
        for (name, claim) in rules.attributes.sorted(by: { $0.key < $1.key }) {
            guard let value = claims[claim], value != .null else { continue }
            let reason =
                declared.attributes.first { $0.name == name }.map { $0.mistake(in: value) } ?? "is not declared"
            guard let reason else {
                attributes[name] = value
                continue
            }
            Decision.note("The attribute \(name) was not copied from the upstream: it \(reason).")
        }
    }

    /// What an earlier step mapped, without roles and groups that the rules no longer name.
    init?(_ offer: UpstreamGuest.Offer, by rules: UpstreamAccountRules) {
        guard let profile = try? JSONObject(parsing: Array(offer.profile.utf8)),
            let attributes = try? JSONObject(parsing: Array(offer.attributes.utf8))
        else { return nil }
        self.profile = profile
        self.attributes = attributes
        membership = Membership(roles: offer.roles, groups: offer.groups).intersection(rules.managed)
    }

    /// Bytes of a URL, which may have many parameters, and of any other value.
    private static let (longestURL, longest) = (1_024, 255)

    private static func isValid(_ value: JSON, for name: String) -> Bool {
        switch name {
        case "address":
            value.object.map { address in
                address.members.allSatisfy { $0.value.string != nil } && address.serialized().count <= longestURL
            } ?? false
        case "picture", "profile", "website":
            value.string.map { text in
                text.utf8.count <= longestURL && (text.hasPrefix("https://") || text.hasPrefix("http://"))
                    && Attribute.isPlain(text)
            } ?? false
        default: value.string.map { !$0.isEmpty && $0.utf8.count <= longest && Attribute.isPlain($0) } ?? false
        }
    }
}

extension UpstreamAccountRules {
    /// Returns the roles and groups of all rules whose condition holds.
    fileprivate func given(by claims: JSONObject) -> Membership {
        let matching = memberships.filter { $0.condition.holds(in: claims) }.map(\.membership)
        return Membership(
            roles: Scope(matching.flatMap(\.roles)).values, groups: Scope(matching.flatMap(\.groups)).values)
    }
}

extension Upstream {
    /// Returns what tells the account apart from others on pages: the upstream's name or address for it. Proves nothing.
    func label(of identity: UpstreamIdentity) -> String {
        let names = ["preferred_username", "email", "name"].compactMap { claims.value($0, in: identity.claims)?.string }
        // Formatting characters can make a text look like another.
        let plain = (names + [identity.subject]).map { text in
            String(
                text.unicodeScalars.filter { ![.control, .format].contains($0.properties.generalCategory) }.prefix(128))
        }
        return plain.first { $0.contains { !$0.isWhitespace } } ?? ""
    }
}

extension UpstreamIdentity {
    /// The address, if the upstream vouches for it.
    var verifiedAddress: MailAddress? { isEmailVerified ? email.flatMap(MailAddress.init) : nil }
}
