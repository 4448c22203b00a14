import HTTPTypes
import IdentityProvider
import Logging

/// The one place where the HTTP server meets the provider: finds the endpoint, asks it, and words what it says.
struct Mount: Sendable {
    let table: RouteTable
    let pages: PageRenderer
    let limiter: RateLimiter
    let clock: SystemClock

    func respond(to exchange: Exchange) async throws -> Answer {
        guard let targets = table.targets(at: exchange) else { return notFound(exchange) }
        // HEAD is GET without the body (RFC 9110 §9.3.2); the writer leaves the body out.
        let method = exchange.head.method == .head ? .get : exchange.head.method
        let isShared = targets.values.contains { $0.route.isSharedAcrossOrigins }
        var answer: Answer
        if let target = targets[method] {
            answer = try await ask(target, exchange)
            answer.route = target.route.path
        } else if method == .options, isShared {
            answer = CrossOrigin.preflight(for: Array(targets.keys))
        } else {
            answer = refuseMethod(targets, exchange)
        }
        if isShared { CrossOrigin.allow(&answer) }
        return answer
    }

    private func ask(_ target: RouteTable.Target, _ exchange: Exchange) async throws -> Answer {
        do {
            if let limit = target.route.rateLimit { try await take(limit, target, exchange) }
            let body =
                exchange.head.method == .post ? try await exchange.body.read(target.provider.limits.bodySize) : []
            let request = try Request(
                method: exchange.head.method == .head ? .get : exchange.head.method,
                path: target.route.path, query: exchange.query.map(String.init), headers: exchange.head.headerFields,
                body: body, remoteAddress: exchange.remoteAddress, limits: target.provider.limits)
            return pages.render(try await target.endpoint.respond(to: request), for: exchange)
        } catch let error as BodyRefusal {
            var answer = pages.render(target.endpoint.response(to: error.answer), for: exchange)
            answer.closesConnection = true
            answer.headers[.connection] = "close"
            return answer
        } catch let error where error is any StorageUnavailable {
            return refuse(.unavailable(retryAfter: 2, cause: error), target, exchange)
        } catch let error as BrokenRequest {
            throw error.cause
        } catch {
            return refuse(OAuthError(reporting: error), target, exchange)
        }
    }

    private func refuse(_ error: OAuthError, _ target: RouteTable.Target, _ exchange: Exchange) -> Answer {
        let level: Logger.Level = error.code == .serverError ? .error : .notice
        Logger.current.log(
            level: level, "refused",
            metadata: [
                "error": "\(error.code.rawValue)", "reason": "\(error.description)",
                "cause": "\(error.cause.map { "\($0)" } ?? "none")",
            ])
        var response = target.endpoint.response(to: error)
        for field in error.headers where response.headers[field.name] == nil { response.headers.append(field) }
        return pages.render(response, for: exchange)
    }

    private func take(_ limit: RateLimit, _ target: RouteTable.Target, _ exchange: Exchange) async throws {
        let subscriber = IPAddress(exchange.remoteAddress)?.subscriber ?? Array(exchange.remoteAddress.utf8)
        let name = "\(target.provider.issuer.identifier) \(target.route.path) \(subscriber)"
        if let seconds = await limiter.take(name, of: limit, at: clock.now()) {
            throw OAuthError.tooManyRequests(retryAfter: seconds)
        }
    }

    private func refuseMethod(_ targets: [HTTPRequest.Method: RouteTable.Target], _ exchange: Exchange) -> Answer {
        var allowed = targets.keys.sorted { $0.rawValue < $1.rawValue }
        if allowed.contains(.get) { allowed.append(.head) }
        guard let target = targets.values.first else { return notFound(exchange) }
        return refuse(.methodNotAllowed(allowed: allowed), target, exchange)
    }

    private func notFound(_ exchange: Exchange) -> Answer {
        let error = OAuthError(code: .invalidRequest, description: "there is nothing here", status: .notFound)
        let isPerson = exchange.head.headerFields[.accept]?.contains("text/html") == true
        return pages.render(isPerson ? .page(.error(error), status: .notFound) : .json(error), for: exchange)
    }
}
