/// `scheme://authority` of a URI, or `scheme:` for an app's own scheme: as Content Security Policy names a source.
enum Origin {
    static func source(of uri: String) -> String {
        let scheme = uri.prefix { $0 != ":" }
        guard scheme == "https" || scheme == "http" else { return scheme + ":" }
        return scheme + "://" + uri.dropFirst(scheme.count + 3).prefix { $0 != "/" && $0 != "?" }
    }
}
