import HTTPTypes
import IdentityProvider
import Logging

/// Connects the HTTP server to the provider: finds the endpoint, calls it, and renders its response.
struct Mount: Sendable {
    let table: RouteTable
    let pages: PageRenderer
    let readiness: Readiness

    func respond(to exchange: Exchange) async throws -> Answer {
        guard let place = table.place(of: exchange) else { return notFound(exchange) }
        var answer: Answer
        // HEAD is GET without the body (RFC 9110 §9.3.2); the writer omits the body.
        if let (route, endpoint) = place.target(for: exchange.head.method == .head ? .get : exchange.head.method) {
            let routed = RoutedRequest(exchange: exchange, provider: place.provider, route: route, endpoint: endpoint)
            answer = try await respond(to: routed)
            answer.route = route.path.text
            answer.isSharedAcrossOrigins = route.isSharedAcrossOrigins
        } else if exchange.head.method == .options, place.isSharedAcrossOrigins {
            answer = CrossOriginMiddleware.preflight(exchange.head, for: place.methods)
        } else {
            let (route, endpoint) = place.targets[0]
            let routed = RoutedRequest(exchange: exchange, provider: place.provider, route: route, endpoint: endpoint)
            answer = refuse(routed, .methodNotAllowed(allowed: place.methods))
            answer.route = route.path.text
            answer.isSharedAcrossOrigins = place.isSharedAcrossOrigins
        }
        answer.issuer = place.provider.issuer
        return answer
    }

    private func respond(to routed: RoutedRequest) async throws -> Answer {
        do {
            guard readiness.isReady || routed.route.path == .live else {
                throw OAuthError.unavailable(retryAfter: 2, cause: NotReady())
            }
            return render(
                try await routed.endpoint.respond(to: read(routed)), routed.exchange, routed.provider)
        } catch let error as BrokenRequest {
            throw error
        } catch let error where error is any StorageUnavailable {
            return refuse(routed, .unavailable(retryAfter: 2, cause: error))
        } catch {
            return refuse(routed, OAuthError(reporting: error))
        }
    }

    /// Reads the request within the route's limit, which counts requests that can't be read as well.
    private func read(_ routed: RoutedRequest) async throws -> Request {
        let (limiter, address) = (routed.provider.limiter, routed.exchange.remoteAddress)
        try limiter?.admit(routed.route, from: address)
        do { return try await routed.request() } catch let error as OAuthError {
            try limiter?.countUnreadable(routed.route, from: address)
            throw error
        } catch {
            // Nobody is left to answer.
            try? limiter?.countUnreadable(routed.route, from: address)
            throw error
        }
    }

    /// Renders the error as the endpoint does, and logs its code and cause once. `LogMiddleware` logs a sample of the
    /// requests that are rate limited.
    private func refuse(_ routed: RoutedRequest, _ error: OAuthError) -> Answer {
        if !error.code.isWaiting { Measurements.countRefusal(error.code) }
        if error.status != .tooManyRequests, !error.code.isWaiting {
            var values: Logger.Metadata = [
                "route": "\(routed.route.path)", "error": "\(error.code.rawValue)", "reason": "\(error.description)",
                "cause": "\(error.cause.map { "\($0)" } ?? "none")", "address": "\(routed.exchange.remoteAddress)",
            ]
            values["client_id"] = error.client.map { "\($0)" }
            Logger.current.log(level: error.code == .serverError ? .error : .notice, "refused", metadata: values)
        }
        var error = error
        // Following a link repeats only a GET.
        if routed.exchange.head.method == .post, error.next == nil {
            error.next = .account(of: routed.provider.issuer)
        }
        var answer = render(routed.endpoint.refusal(error), routed.exchange, routed.provider)
        answer.cause = error.cause.map { "\($0)" }
        answer.client = error.client
        return answer
    }

    private func notFound(_ exchange: Exchange) -> Answer {
        let error = OAuthError(
            code: .invalidRequest, description: "there is nothing at this address", status: .notFound,
            reason: .notFound)
        let provider = table.provider(of: exchange)
        var answer = render(
            // A response to an unknown host must not show which issuers the server has.
            exchange.isFromPerson && provider != nil ? .page(.error(error), status: .notFound) : .json(error),
            exchange, provider)
        answer.issuer = provider?.issuer
        return answer
    }

    private func render(_ response: Response, _ exchange: Exchange, _ provider: MountedProvider?) -> Answer {
        switch response.body {
        case .bytes(let bytes): Answer(status: response.status, headers: response.headers, body: bytes)
        case .page(let page):
            pages.render(
                page, status: response.status, headers: response.headers,
                for: exchange.head.headerFields[.acceptLanguage], name: provider?.name,
                // Absolute: a proxy shows some pages at the origin of an application.
                home: provider?.issuer.url(.account))
        }
    }
}
