import HTTPTypes

extension Path { static let passkeyScript = Path("/passkey.js") }

/// Serves the script that asks the browser for a passkey. It is the only script that pages with a passkey prompt may
/// load.
struct PasskeyScriptEndpoint: Endpoint {
    let routes = [Route.get(.passkeyScript)]
    private let body = PackageResources.passkey_js
    private let entityTag = EntityTag(of: PackageResources.passkey_js)

    func respond(to request: Request) async throws -> Response {
        .cacheable(body, type: "text/javascript; charset=utf-8", tag: entityTag, maxAge: 300, for: request)
    }
}
