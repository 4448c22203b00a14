extension ForwardedRequest {
    /// Returns the request that a DPoP proof must be for. Throws `invalid_request` if the proxy doesn't report the
    /// method: a proof for `GET` must not serve for another one.
    func target() throws(OAuthError) -> DPoPTarget {
        guard let method else {
            throw .invalidRequest("X-Forwarded-Method is missing, or the proxy is not in trusted_proxies")
        }
        return DPoPTarget(method: method, uris: [origin + uri])
    }
}
