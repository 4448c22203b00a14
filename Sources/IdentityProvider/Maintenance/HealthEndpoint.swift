import JOSE
import HTTPTypes

extension Path {
    package static let live = Path("/health/live")
    static let ready = Path("/health/ready")
}

/// Liveness and readiness checks, for load balancers and supervisors.
struct HealthEndpoint: Endpoint {
    let storage: any StorageUpkeep
    let vault: KeyVault
    let routes = [Route.get(.live), .get(.ready)]

    init(_ core: Core) {
        storage = core.stores.upkeep
        vault = core.vault
    }

    func respond(to request: Request) async throws -> Response {
        guard request.path == Path.ready.text else { return .json(["status": "live"]) }
        do {
            try await storage.check()
            guard vault.isLoaded else { throw KeysNotLoaded() }
            return .json(["status": "ready"])
        } catch {
            throw OAuthError.unavailable(retryAfter: 2, cause: error)
        }
    }
}
