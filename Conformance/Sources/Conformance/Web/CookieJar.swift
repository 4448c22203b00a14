import Foundation

/// The cookies of one browser (RFC 6265).
package struct CookieJar: Sendable {
    private struct Cookie {
        let name: String
        var value: String
        let host: String
        let path: String
        let isSecure: Bool
        let isCrossSite: Bool
        let isHidden: Bool
    }

    private var cookies: [Cookie] = []

    package init() {}

    /// Stores the cookies in the `Set-Cookie` fields of a response from `address`.
    package mutating func take(_ fields: [String], from address: WebAddress) {
        for field in fields {
            let parts = field.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            guard let pair = parts.first?.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false),
                pair.count == 2
            else { continue }
            var attributes: [String: String] = [:]
            for part in parts.dropFirst() {
                let pieces = part.split(separator: "=", maxSplits: 1).map(String.init)
                attributes[pieces[0].lowercased()] = pieces.count > 1 ? pieces[1] : ""
            }
            let cookie = Cookie(
                name: String(pair[0]), value: String(pair[1]), host: address.host, path: attributes["path"] ?? "/",
                isSecure: attributes["secure"] != nil, isCrossSite: attributes["samesite"]?.lowercased() == "none",
                isHidden: attributes["httponly"] != nil)
            cookies.removeAll { $0.name == cookie.name && $0.host == cookie.host && $0.path == cookie.path }
            if !Self.isExpired(attributes) { cookies.append(cookie) }
        }
    }

    /// Returns the `Cookie` field for a request to `address`, or `nil` without cookies. As in browsers, a cross-site
    /// form post only includes cookies with `SameSite=None` (RFC 6265bis §5.6.7).
    package func field(for address: WebAddress, isCrossSitePost: Bool = false) -> String? {
        let matching = cookies.filter { cookie in
            cookie.host == address.host && Self.covers(cookie.path, address.path)
                && (!cookie.isSecure || address.isSecure || address.isLoopback)
                && (!isCrossSitePost || cookie.isCrossSite)
        }
        return matching.isEmpty ? nil : matching.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")
    }

    /// Returns the value that scripts of the page at `address` read, or `nil` if there is no such cookie or it is
    /// `HttpOnly`. The cookie's name may have a prefix that the name leaves out (RFC 6265bis §4.1.3).
    package func valueForScripts(_ name: String, at address: WebAddress) -> String? {
        cookies.first {
            [name, "__Host-\(name)", "__Secure-\(name)"].contains($0.name) && $0.host == address.host
                && Self.covers($0.path, address.path) && !$0.isHidden
        }?.value
    }

    /// Path matching (RFC 6265 §5.1.4).
    private static func covers(_ path: String, _ requested: String) -> Bool {
        requested == path || requested.hasPrefix(path.hasSuffix("/") ? path : path + "/") || path == "/"
    }

    private static func isExpired(_ attributes: [String: String]) -> Bool {
        if let age = attributes["max-age"].flatMap(Int.init) { return age <= 0 }
        guard let text = attributes["expires"] else { return false }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        return ["EEE, dd MMM yyyy HH:mm:ss zzz", "EEE, dd-MMM-yyyy HH:mm:ss zzz"].contains { format in
            formatter.dateFormat = format
            return formatter.date(from: text).map { $0 <= Date() } ?? false
        }
    }
}
