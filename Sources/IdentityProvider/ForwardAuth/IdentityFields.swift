import HTTPTypes

/// The header fields that tell the application behind a proxy who is there. All are always sent, empty ones too, so that
/// none of the browser's own is left in their place.
enum IdentityFields {
    /// `nil` when the name of a person or of something they have could be read as another.
    static func make(_ user: User, _ entitlements: Entitlements) -> HTTPFields? {
        let identities = [user.username, user.id.rawValue] + entitlements.roles + entitlements.groups
        guard identities.allSatisfy({ $0 == printable($0) }),
            (entitlements.roles + entitlements.groups).allSatisfy({ !$0.contains(",") })
        else { return nil }
        return [
            .remoteUser: user.username,
            .remoteSubject: user.id.rawValue,
            .remoteName: printable(user.displayName),
            // Applications find accounts by the address: one that nobody proved to have could be anybody's.
            .remoteEmail: user.isEmailVerified ? printable(user.email ?? "") : "",
            .remoteGroups: entitlements.groups.joined(separator: ","),
            .remoteRoles: entitlements.roles.joined(separator: ","),
        ]
    }

    /// Without control characters: a line break would begin another field (RFC 9110 §5.5).
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}

extension HTTPField.Name {
    static let remoteUser = known("Remote-User")
    static let remoteSubject = known("Remote-Subject")
    static let remoteName = known("Remote-Name")
    static let remoteEmail = known("Remote-Email")
    static let remoteGroups = known("Remote-Groups")
    static let remoteRoles = known("Remote-Roles")
}
