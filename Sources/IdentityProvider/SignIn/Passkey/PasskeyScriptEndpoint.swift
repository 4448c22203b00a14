import HTTPTypes

extension Path { static let passkeyScript = Path("/passkey.js") }

/// The script that asks the browser for a passkey: a file of ours, the only one that the pages that use it may run.
struct PasskeyScriptEndpoint: Endpoint {
    let routes = [Route.get(.passkeyScript)]
    private let body = PackageResources.passkey_js
    private let entityTag = EntityTag(of: PackageResources.passkey_js)

    func respond(to request: Request) async throws -> Response {
        .cacheable(body, type: "text/javascript; charset=utf-8", tag: entityTag, maxAge: 300, for: request)
    }
}
