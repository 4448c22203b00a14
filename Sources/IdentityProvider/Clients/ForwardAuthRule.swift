import JOSE

/// The origins that a proxy guards for a client, and who may pass.
package struct ForwardAuthRule: Sendable, Hashable {
    /// `https://app.example` or `https://app.example:8443`, exactly as browsers say it.
    package let origins: [String]
    /// One of them is needed; none means that any person may pass.
    package let roles: [String]
    /// All of them are needed.
    package let permissions: [String]

    init(document: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        origins = reader.list("origins", Self.checkOrigin)
        roles = reader.list("roles", Role.checkName)
        permissions = reader.list("permissions") { text throws(InvalidValue) in text }
        if origins.isEmpty { reader.report("origins", "is needed") }
        if Set(origins).count < origins.count { reader.report("origins", "has one twice") }
        reader.refuseUnknown()
        try reader.finish()
    }

    func admits(_ entitlements: Entitlements) -> Bool {
        (roles.isEmpty || roles.contains(where: entitlements.roles.contains))
            && permissions.allSatisfy(entitlements.permissions.contains)
    }

    private static func checkOrigin(_ text: String) throws(InvalidValue) -> String {
        guard ForwardedOrigin.isWellFormed(text) else {
            throw InvalidValue("must be an origin in lower case without path, as https://app.example")
        }
        // In the clear anybody on the way could take the cookie.
        let host = text.drop { $0 != "/" }.dropFirst(2).prefix { $0 != ":" }
        guard text.hasPrefix("https://") || host == "localhost" || host == "127.0.0.1" else {
            throw InvalidValue("must be https (http only for localhost)")
        }
        return text
    }
}

enum ForwardedOrigin {
    /// `scheme://host` or `scheme://host:port`, in lower case.
    static func isWellFormed(_ text: String) -> Bool {
        text.utf8.count <= 255
            && text.wholeMatch(of: /https?:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?/) != nil
    }
}
