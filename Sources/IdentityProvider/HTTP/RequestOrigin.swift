import HTTPTypes

/// Checks that a page of the issuer's own origin sent a request.
///
/// `SameSite` cookies don't suffice, because sibling origins (`blog.example.com` and `id.example.com`) belong to the
/// same *site*: their requests carry these cookies, and they can set cookies for the whole domain.
struct RequestOrigin: Sendable {
    private let own: String

    init(of issuer: Issuer) { own = issuer.origin }

    /// Throws `access_denied` for a request from another origin, including siblings. A request with neither field
    /// passes, and only the anti-forgery token protects it.
    func verify(_ request: Request) throws(OAuthError) {
        guard isOwn(request.headers[.origin], site: request.headers[.fetchSite]) else {
            throw OAuthError(
                code: .accessDenied, description: "the request was sent from another origin", reason: .originForeign)
        }
    }

    private func isOwn(_ origin: String?, site: String?) -> Bool {
        switch (origin, site) {
        // `none` means that the user started the request, such as a reload (Fetch Metadata §2.3).
        case (nil, nil), (nil, "same-origin"), (nil, "none"): true
        // `null` hides the origin (Fetch §3.1), so `Sec-Fetch-Site` must confirm it. Pages of earlier versions send
        // `null` because of their `Referrer-Policy: no-referrer`.
        case ("null", "same-origin"): true
        case (own, nil), (own, "same-origin"), (own, "none"): true
        default: false
        }
    }
}
