enum Origin {
    /// Returns the source expression of a URI for Content Security Policy: `scheme://authority`, or `scheme:` for a
    /// private-use scheme.
    static func source(of uri: String) -> String {
        let scheme = uri.prefix { $0 != ":" }
        guard scheme == "https" || scheme == "http" else { return scheme + ":" }
        return scheme + "://" + uri.dropFirst(scheme.count + 3).prefix { $0 != "/" && $0 != "?" }
    }
}
