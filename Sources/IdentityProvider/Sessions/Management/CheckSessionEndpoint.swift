import Crypto
import FoundationEssentials
import HTTPTypes

extension Path { static let checkSession = Path("/session/check") }

/// The page that clients load in a frame, to ask it whether the browser's session has changed (OpenID Connect Session
/// Management §3.2). Its script answers from a cookie, so asking needs no request.
struct CheckSessionEndpoint: Endpoint {
    private let clients: CachedClients
    private let cookie: String
    private let script = String(decoding: PackageResources.check_session_js, as: UTF8.self)
    private let scriptHash: String
    let routes = [Route.get(.checkSession)]

    init(_ core: Core) {
        clients = core.clients
        cookie = BrowserState(core).cookie.name
        scriptHash = Data(SHA256.hash(data: PackageResources.check_session_js)).base64EncodedString()
    }

    func respond(to request: Request) async throws -> Response {
        // `Origin.serialized` returns nothing that would have to be escaped here or in the policy.
        let origins = try await origins(for: request).joined(separator: " ")
        let page = """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <title>Session</title>
            <body data-cookie="\(cookie)" data-origins="\(origins)">
            <script>\(script)</script>
            """
        let policy = """
            default-src 'none'; script-src 'sha256-\(scriptHash)'; \
            frame-ancestors \(origins.isEmpty ? "'none'" : origins); base-uri 'none'
            """
        return Response(
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy, .cacheControl: "no-store",
                .vary: "Referer",
            ], body: .bytes(Array(page.utf8)))
    }

    /// Returns the origins that may load the page and ask. A page that says where it is learns of no other.
    private func origins(for request: Request) async throws -> [String] {
        let known = try await clients.originsUsingSessionManagement()
        guard let asking = request.headers[.referer].flatMap(Origin.serialized) else {
            return Array(known.prefix(Self.most))
        }
        return known.contains(asking) ? [asking] : []
    }

    /// Proxies refuse responses with fields of more than 4 to 8 KiB.
    private static let most = 64

    func describe(in metadata: inout ServerMetadata) { metadata["check_session_iframe"] = metadata.url(.checkSession) }
}
