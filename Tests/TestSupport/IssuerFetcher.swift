import HTTPTypes
package import IdentityProvider
import Synchronization

/// A network whose servers are issuers in this process, so that one can be the upstream of another.
package final class IssuerFetcher: Fetcher {
    private let issuers: [TestIssuer]
    private let isDown = Mutex(false)

    package init(_ issuers: TestIssuer...) { self.issuers = issuers }

    /// From now on, nobody reaches the issuers, or everybody does again.
    package func setDown(_ isDown: Bool) { self.isDown.withLock { $0 = isDown } }

    package func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        guard let issuer = issuers.first(where: { request.url.hasPrefix("\($0.issuer.identifier)/") }) else {
            throw FetchError.unknownHost(request.url)
        }
        let host = issuer.issuer.identifier
        guard !isDown.withLock(\.self) else { throw FetchError.unreachable(host: host, reason: "down") }
        let target = request.url.dropFirst(host.count).split(separator: "?", maxSplits: 1).map(String.init)
        let response = try await issuer.send(
            request.method, target[0], query: target.count > 1 ? target[1] : nil, body: request.body,
            headers: request.headers, from: "127.0.0.1")
        guard case .bytes(let body) = response.body else { throw Unexpected("\(request.url) is a page") }
        let fetched = FetchResponse(status: response.status.code, headers: response.headers, body: body)
        guard response.status.kind == .successful else { throw FetchError.unsuccessful(host: host, fetched) }
        let type = response.headers[.contentType]
        guard policy.accepts(contentType: type) else {
            throw FetchError.mediaType(type, host: host, expected: policy.mediaTypes)
        }
        return fetched
    }
}

/// A browser at several issuers, each of which sees only its own cookies.
package struct Traveler: Sendable {
    private let stops: [(issuer: String, browser: Browser)]

    package init(_ stops: (TestIssuer, Browser)...) {
        self.stops = stops.map { ($0.0.issuer.identifier, $0.1) }
    }

    /// Opens an absolute URL and follows redirects, also those of pages that move on by themselves, as long as they lead
    /// to one of the issuers.
    package func open(_ url: String) async throws -> Response { try await follow(.redirect(to: url), from: "") }

    /// Like `open`, for a response of `issuer`.
    package func follow(_ response: Response, from issuer: String) async throws -> Response {
        var (response, issuer) = (response, issuer)
        for _ in 0..<20 {
            guard let location = Self.destination(of: response) else { return response }
            let url = location.hasPrefix("/") ? issuer + location : location
            guard let stop = stops.first(where: { url.hasPrefix("\($0.issuer)/") }) else { return response }
            let parts = url.dropFirst(stop.issuer.count).split(separator: "?", maxSplits: 1).map(String.init)
            issuer = stop.issuer
            response = try await stop.browser.request(.get, parts[0], query: parts.count > 1 ? parts[1] : nil)
        }
        throw Unexpected("redirect loop")
    }

    private static func destination(of response: Response) -> String? {
        if let location = response.headers[.location] { return location }
        let refresh = HTTPField.Name("Refresh").flatMap { response.headers[$0] }
        return refresh.flatMap { $0.hasPrefix("0; url=") ? String($0.dropFirst("0; url=".count)) : nil }
    }
}
