import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE

enum TestEndpoints {
    static var all: [any Endpoint] {
        [EchoEndpoint(), PageTestEndpoint(), SharedEndpoint(), FailingEndpoint(), FramedEndpoint()]
    }
}

/// Responds with the request, and with the proxy's headers.
struct EchoEndpoint: Endpoint {
    let routes = Route.page(Path("/echo"))

    func respond(to request: Request) async throws -> Response {
        let said = [HTTPField.Name.forwardedProto, .forwardedHost, .forwardedURI, .forwardedMethod].map { name in
            request.headers[name].map(JSON.string) ?? .null
        }
        return .json([
            "method": .string(request.method.rawValue), "path": .string(request.path),
            "text": .string(request.parameters["text"] ?? ""), "client": .string(request.remoteAddress),
            "forwarded": .array(said),
        ])
    }
}

/// Shows a page, or fails with an error page.
struct PageTestEndpoint: Endpoint {
    let routes = ["/page", "/account", "/account/test", "/accounts"].map { Route.get(Path($0)) }

    func respond(to request: Request) async throws -> Response {
        guard request.parameters["fail"] == nil else { throw OAuthError.invalidRequest("told to <fail>") }
        var page = Page.error(.invalidRequest(request.parameters["text"] ?? "shown"))
        page.languages = request.parameters.list("ui_locales")
        page.formTargets = request.parameters.list("target")
        page.imageSources = request.parameters.list("image")
        return .page(page)
    }

    func response(to error: OAuthError) -> Response { .page(.error(error), status: error.status) }
}

/// Open to scripts from any origin. Of each address, it takes two requests.
struct SharedEndpoint: Endpoint {
    private let limiter = RateLimiter()
    let routes = [
        Route.post(Path("/shared"), isSharedAcrossOrigins: true),
        Route(.get, Path("/.well-known/shared"), isSharedAcrossOrigins: true, isAtRoot: true),
    ]

    func respond(to request: Request) async throws -> Response {
        let limit = RateLimit(burst: 2, perMinute: 1)
        if request.method == .post, let seconds = limiter.take(request.remoteAddress, of: limit, at: Date()) {
            throw OAuthError.tooManyRequests(retryAfter: seconds, cause: FailingEndpoint.Defect())
        }
        var response = Response.json(["ok": true])
        if request.method == .get { response.headers[.cacheControl] = "public, max-age=60" }
        return response
    }
}

/// May be framed by one origin.
struct FramedEndpoint: Endpoint {
    let routes = [Route.get(Path("/framed"))]

    func respond(to request: Request) async throws -> Response {
        Response(headers: [.contentSecurityPolicy: "default-src 'none'; frame-ancestors https://shop.example"])
    }
}

/// Fails in every way that an endpoint can.
struct FailingEndpoint: Endpoint {
    struct Defect: Error { let secret = "confidential" }
    struct Away: StorageUnavailable {}

    let routes = ["/defect", "/away", "/unauthorized"].map { Route.get(Path($0)) }

    func respond(to request: Request) async throws -> Response {
        switch request.path {
        case "/defect": throw Defect()
        case "/away": throw Away()
        default:
            throw OAuthError(
                code: .invalidClient, description: "who is it?", headers: [.wwwAuthenticate: "Basic"], cause: Defect())
        }
    }
}

/// Responds when its gate opens.
struct GatedEndpoint: Endpoint {
    let gate: Gate
    let routes = Route.page(Path("/gated"))

    func respond(to request: Request) async throws -> Response {
        await gate.pass()
        return Response(
            headers: [.contentType: "text/plain"], body: .bytes(Array(String(repeating: "x", count: 40_000).utf8)))
    }
}

/// Responds with a fixed number of bytes.
struct LargeEndpoint: Endpoint {
    let size: Int
    let routes = [Route.get(Path("/large"))]

    func respond(to request: Request) async throws -> Response {
        Response(headers: [.contentType: "text/plain"], body: .bytes(Array(repeating: 0x78, count: size)))
    }
}

/// Holds requests until it opens, and reports arrivals.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var arrivals = 0
    private var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    func pass() async {
        arrivals += 1
        let (ready, rest) = (watchers.filter { $0.count <= arrivals }, watchers.filter { $0.count > arrivals })
        watchers = rest
        ready.forEach { $0.continuation.resume() }
        guard !isOpen else { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    func open() {
        isOpen = true
        waiting.forEach { $0.resume() }
        waiting = []
    }

    /// Returns when `count` requests have arrived.
    func arrived(_ count: Int = 1) async {
        guard arrivals < count else { return }
        await withCheckedContinuation { watchers.append((count, $0)) }
    }
}
