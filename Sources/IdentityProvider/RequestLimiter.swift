import FoundationEssentials

/// Limits the requests from each address to each route on this node (RFC 6585 §4), before anything expensive.
package struct RequestLimiter: Sendable {
    private let limiter: RateLimiter
    private let limits: Limits
    private let issuer: Issuer
    private let clients: ClientAuthenticator
    private let now: @Sendable () -> Date

    init(_ core: Core, clients: ClientAuthenticator) {
        limiter = core.limiter
        limits = core.settings.limits
        issuer = core.issuer
        self.clients = clients
        now = core.now
    }

    /// Throws if a request to `route` must wait, whatever it contains. Called before its body is read.
    package func admit(_ route: Route, from address: String) throws(OAuthError) {
        guard let bucket = bucket(of: route, address),
            let seconds = limiter.wait(for: bucket.name, of: bucket.limit, at: now())
        else { return }
        // The request of a client that is exempt can't be told from others yet: the credential may be in the body.
        if bucket.kind == .clients, clients.haveAuthenticated(from: address) { return }
        throw refusal(bucket, seconds)
    }

    /// Counts a request that could not be read. Throws if the limit was already reached.
    package func countUnreadable(_ route: Route, from address: String) throws(OAuthError) {
        guard let bucket = bucket(of: route, address), let seconds = take(bucket) else { return }
        throw refusal(bucket, seconds)
    }

    /// Counts the request, and calls `respond` if it is within the limit of `route`.
    func respond(
        to request: Request, at route: Route, _ respond: () async throws -> Response
    ) async throws -> Response {
        guard let bucket = bucket(of: route, request.remoteAddress) else { return try await respond() }
        // In advance, so that concurrent requests can't exceed the limit.
        let seconds = take(bucket)
        // A client whose credential was right in this network lately gets in even while someone else there uses the
        // limit up.
        if let seconds, bucket.kind != .clients || !clients.recognizes(request) { throw refusal(bucket, seconds) }
        guard bucket.kind == .clients else { return try await respond() }
        let answer: Result<Response, any Error>
        do { answer = .success(try await respond()) } catch { answer = .failure(error) }
        switch (RequestContext.current.decision.hasAuthenticatedClient, seconds) {
        case (true, nil): limiter.giveBack(bucket.name, of: bucket.limit)
        // The credential has become wrong since.
        case (false, _?): limiter.charge(bucket.name, of: bucket.limit, at: now())
        case (true, _?), (false, nil): break
        }
        return try answer.get()
    }

    /// The requests of one subscriber to one route.
    private struct Bucket {
        let route: Route
        let kind: RouteLimit
        let limit: RateLimit
        let name: String
    }

    /// Returns `nil` if the route has no limit or the operator turned it off.
    private func bucket(of route: Route, _ address: String) -> Bucket? {
        guard let kind = route.rateLimit, let limit = limits[kind] else { return nil }
        let name = "\(issuer) \(route.method) \(route.path) from \(IPAddress.subscriber(of: address))"
        return Bucket(route: route, kind: kind, limit: limit, name: name)
    }

    private func take(_ bucket: Bucket) -> Int? { limiter.take(bucket.name, of: bucket.limit, at: now()) }

    private func refusal(_ bucket: Bucket, _ seconds: Int) -> OAuthError {
        .limitReached(bucket.kind.setting, at: bucket.route.path.text, retryAfter: seconds)
    }
}

extension OAuthError {
    /// The error for an address that has used up the limit of `setting` at `route`.
    static func limitReached(_ setting: String, at route: String, retryAfter seconds: Int) -> OAuthError {
        Measurements.countRateLimited(route)
        return tooManyRequests(retryAfter: seconds, cause: LimitReached(description: setting))
    }
}

/// The address has used up a limit.
struct LimitReached: Error, CustomStringConvertible {
    /// The setting with the figures.
    let description: String
}
