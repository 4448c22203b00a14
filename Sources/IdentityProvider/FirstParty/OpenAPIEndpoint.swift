import HTTPTypes
import JOSE

extension Path { static let openAPI = Path("/api/openapi.json") }

/// `GET /api/openapi.json`: the OpenAPI 3.1 description of the first-party API, from `openapi.json`.
struct OpenAPIEndpoint: Endpoint {
    let routes = [Route.get(.openAPI, isSharedAcrossOrigins: true)]
    private let document: [UInt8]

    init(issuer: Issuer) {
        var document = (try? JSONObject(parsing: PackageResources.openapi_json, maximumDepth: 32)) ?? [:]
        document["servers"] = [["url": .string(issuer.identifier)]]
        self.document = document.serialized()
    }

    func respond(to request: Request) async throws -> Response {
        Response(
            headers: [.contentType: "application/json", .cacheControl: "public, max-age=3600"], body: .bytes(document))
    }
}
