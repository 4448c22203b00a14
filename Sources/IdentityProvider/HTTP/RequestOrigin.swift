import HTTPTypes

/// Tells whether a page of the issuer's own origin made a browser send a request.
///
/// Sibling origins (`blog.example.com` beside `id.example.com`) are the same *site*: `SameSite` cookies travel with what
/// they send, and they may plant cookies for the whole domain.
struct RequestOrigin: Sendable {
    private let own: String

    init(of issuer: Issuer) { own = issuer.origin }

    /// Throws `access_denied` for a request from another origin, a sibling included. A browser that sends neither field
    /// is let through: there the anti-forgery token alone decides.
    func verify(_ request: Request) throws(OAuthError) {
        guard isOwn(request.headers[.origin], site: request.headers[.fetchSite]) else {
            throw OAuthError(
                code: .accessDenied, description: "the request was sent from another origin", reason: .originForeign)
        }
    }

    private func isOwn(_ origin: String?, site: String?) -> Bool {
        switch (origin, site) {
        // `none` is the user's own doing, such as a reload (Fetch Metadata §2.3).
        case (nil, nil), (nil, "same-origin"), (nil, "none"): true
        // `null` hides the origin (Fetch §3.1): only the browser's own word can make up for that, for pages of a former
        // version, whose `Referrer-Policy: no-referrer` hid it.
        case ("null", "same-origin"): true
        case (own, nil), (own, "same-origin"), (own, "none"): true
        default: false
        }
    }
}
