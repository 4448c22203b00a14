import FoundationEssentials
import HTTPTypes
import IdentityProvider

/// A response that may be reused, and for how long (RFC 9111 §4.2).
struct StoredResponse: Sendable {
    let response: FetchResponse
    let freshUntil: Date
    /// Equals `freshUntil` if the response must not be used when stale.
    let usableUntil: Date

    /// `nil` if the response must not be stored.
    init?(_ response: FetchResponse, receivedAt moment: Date, within caching: FetchCaching) {
        let directives = CacheDirectives(response.headers)
        guard response.status == 200, !directives.forbidStorage else { return nil }
        let age = response.headers[.age].flatMap { UInt($0) } ?? 0
        let lifetime = directives.lifetime.map { $0 - TimeInterval(age) } ?? caching.minimumLifetime
        self.response = response
        freshUntil = moment + min(max(lifetime, caching.minimumLifetime), caching.maximumLifetime)
        usableUntil = directives.forbidStaleUse ? freshUntil : freshUntil + caching.staleLifetime
    }

    var entityTag: String? { response.headers[.eTag] }

    /// Returns the same body with the header fields of a 304 (RFC 9111 §4.3.4).
    func revalidated(by response: FetchResponse, at moment: Date, within caching: FetchCaching) -> StoredResponse? {
        var headers = self.response.headers
        for name in [HTTPField.Name.cacheControl, .age, .eTag] {
            if let value = response.headers[name] { headers[name] = value }
        }
        // A 304 without `Age` has age zero. Other fields that it lacks keep their values.
        if response.headers[.age] == nil { headers[.age] = nil }
        return StoredResponse(
            FetchResponse(status: 200, headers: headers, body: self.response.body), receivedAt: moment, within: caching)
    }
}

/// The `Cache-Control` directives that matter to a private cache (RFC 9111 §5.2.2).
struct CacheDirectives {
    private(set) var forbidStorage = false
    private(set) var forbidStaleUse = false
    /// In seconds; `nil` if the response has none.
    private(set) var lifetime: TimeInterval?

    init(_ headers: HTTPFields) {
        for directive in (headers[.cacheControl] ?? "").lowercased().split(separator: ",") {
            let parts = directive.split(separator: "=", maxSplits: 1).map { part in
                String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" })
            }
            switch parts.first {
            case "no-store": forbidStorage = true
            case "must-revalidate": forbidStaleUse = true
            case "no-cache":
                forbidStaleUse = true
                lifetime = 0
            case "max-age":
                // An invalid value means stale, and the shortest of several values wins (RFC 9111 §4.2.1).
                let seconds = parts.count == 2 ? UInt(parts[1]) ?? 0 : 0
                lifetime = min(lifetime ?? .infinity, TimeInterval(seconds))
            default: break
            }
        }
    }
}
