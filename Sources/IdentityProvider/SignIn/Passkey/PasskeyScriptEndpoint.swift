import Crypto
import HTTPTypes
import JOSE

/// The script that asks the browser for a passkey: a file of ours, the only one that the pages that use it may run.
struct PasskeyScriptEndpoint: Endpoint {
    static let path = "/passkey.js"

    static func url(of issuer: Issuer) -> String { issuer.url(path) }

    let routes = [Route.get(path)]
    private let body = PackageResources.passkey_js
    private let entityTag = "\"\(Base64URL.encode(Array(SHA256.hash(data: PackageResources.passkey_js))))\""

    func respond(to request: Request) async throws -> Response {
        let headers: HTTPFields = [
            .contentType: "text/javascript; charset=utf-8", .cacheControl: "public, max-age=300", .eTag: entityTag,
        ]
        if request.headers[.ifNoneMatch] == entityTag { return Response(status: .notModified, headers: headers) }
        return Response(headers: headers, body: .bytes(body))
    }
}
