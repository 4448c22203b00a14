import HTTPTypes

/// The header fields that identify the user to an application behind a proxy. All are always sent, even if empty, so
/// that they overwrite any the browser sent.
enum IdentityFields {
    /// Returns the fields, or `nil` if a name could be mistaken for another: the user's, or that of one of their roles
    /// or groups. Without a user, all fields are empty.
    static func make(_ user: User?, _ entitlements: Entitlements?) -> HTTPFields? {
        guard let user, let entitlements else { return nobody }
        let identities = [user.username, user.id.rawValue] + entitlements.roles + entitlements.groups
        guard identities.allSatisfy({ $0 == printable($0) }),
            (entitlements.roles + entitlements.groups).allSatisfy({ !$0.contains(",") })
        else { return nil }
        return [
            .remoteUser: user.username,
            .remoteSubject: user.id.rawValue,
            .remoteName: printable(user.displayName),
            // Applications look up accounts by email address, and an unverified one could be anyone's.
            .remoteEmail: user.isEmailVerified ? printable(user.email ?? "") : "",
            .remoteGroups: entitlements.groups.joined(separator: ","),
            .remoteRoles: entitlements.roles.joined(separator: ","),
        ]
    }

    private static let nobody: HTTPFields = [
        .remoteUser: "", .remoteSubject: "", .remoteName: "", .remoteEmail: "", .remoteGroups: "", .remoteRoles: "",
    ]

    /// Replaces control characters: a line break would start another field (RFC 9110 §5.5).
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
