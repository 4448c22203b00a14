import JOSE

/// The origins that a proxy protects for a client, and the users it admits.
package struct ForwardAuthRule: Sendable, Hashable {
    /// Such as `https://app.example` or `https://app.example:8443`, exactly as browsers serialize them.
    package let origins: [String]
    /// Users need one of these roles; empty to admit all users.
    package let roles: [String]
    /// Users need all of these permissions.
    package let permissions: [String]
    /// The identifier of the resource server whose access tokens programs may present instead of a user's cookie; `nil`
    /// to admit only browsers.
    package let resource: String?

    init(document: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        origins = reader.list("origins", Self.checkOrigin)
        roles = reader.list("roles", Role.checkName)
        permissions = reader.list("permissions") { text throws(InvalidValue) in text }
        resource = reader.text("resource")
        if origins.isEmpty { reader.report("origins", "is required") }
        if Set(origins).count < origins.count { reader.report("origins", "must not list an origin twice") }
        reader.refuseUnknown()
        try reader.finish()
    }

    func admits(_ entitlements: Entitlements) -> Bool {
        (roles.isEmpty || roles.contains(where: entitlements.roles.contains))
            && permissions.allSatisfy(entitlements.permissions.contains)
    }

    /// Whether the application is for everyone, so that a program without a user may enter as well.
    var demandsNothing: Bool { roles.isEmpty && permissions.isEmpty }

    private static func checkOrigin(_ text: String) throws(InvalidValue) -> String {
        guard ForwardedOrigin.isWellFormed(text) else {
            throw InvalidValue("must be a lowercase origin without a path, such as https://app.example")
        }
        // Over http, the cookie could be intercepted.
        let host = text.drop { $0 != "/" }.dropFirst(2).prefix { $0 != ":" }
        guard text.hasPrefix("https://") || host == "localhost" || host == "127.0.0.1" else {
            throw InvalidValue("must be https (http only for localhost)")
        }
        return text
    }
}
