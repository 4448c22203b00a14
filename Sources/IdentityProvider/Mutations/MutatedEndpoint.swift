import FoundationEssentials
import HTTPTypes
import JOSE
import Synchronization

/// An endpoint whose requests and responses are changed by the active fault.
struct MutatedEndpoint: Endpoint {
    let base: any Endpoint
    let tools: MutationTools
    var routes: [Route] { base.routes }

    func respond(to request: Request) async throws -> Response {
        guard let mutation = Mutation.current else { return try await base.respond(to: request) }
        let changed = try await mutation.changed(request, tools)
        let requester = try? ClaimedClient(changed).ids[0]
        let response = try await Mutation.$requester.withValue(requester) {
            do { return try await base.respond(to: changed) } catch let error as OAuthError {
                return base.refusal(error)
            }
        }
        return try await mutation.changed(response, to: request, tools)
    }

    func response(to error: OAuthError) -> Response { base.response(to: error) }
}

/// The parts of the provider that faults need.
struct MutationTools: Sendable {
    let issuer: Issuer
    let sealer: Sealer
    let ring: KeyRing
    let clients: any ClientStore
    let bearers: BearerAuthenticator
    let digester: SecretDigester
    let pushed: any PushedRequestStore
    let fetcher: any Fetcher
    let users: any UserStore
    let devices: DeviceAuthorizations
    let sessions: SessionCookie
    let browser: BrowserCookie
    let formToken: FormToken
    /// Short codes and the codes they replace.
    let codes = ShortCodes()

    init(_ core: Core) {
        issuer = core.issuer
        sealer = core.sealer
        ring = core.keys
        clients = core.clients
        bearers = BearerAuthenticator(core)
        digester = core.digester
        pushed = core.stores.pushedRequests
        fetcher = core.fetcher
        users = core.stores.users
        devices = DeviceAuthorizations(core)
        sessions = SessionCookie(core)
        browser = BrowserCookie(of: core.issuer)
        formToken = FormToken(core)
    }

    final class ShortCodes: Sendable {
        private let known = Mutex<[String: String]>([:])

        func shorten(_ code: String) -> String {
            let short = Base64URL.encode(RandomBytes.make(8))
            known.withLock { $0[short] = code }
            return short
        }

        func code(_ short: String) -> String? { known.withLock { $0[short] } }
    }

    /// Returns the token with changed claims, signed with `key` or, by default, with the issuer's key.
    func resigned(
        _ token: String, key: (any Signer)? = nil, hidesKey: Bool = false, type: String = "JWT",
        _ change: (inout JSONObject) -> Void = { _ in }
    ) async throws -> String {
        let algorithm = try JWS(parsing: token).header["alg"]?.string ?? "none"
        var claims = try JWT.unverifiedClaims(of: token)
        change(&claims)
        let own = KeyRing.algorithms.first { $0.rawValue == algorithm } ?? .rs256
        let signer: any Signer
        if let key { signer = key } else { signer = try ring.signer(for: own) }
        return try await JWT.sign(claims, type: type, with: hidesKey ? NamelessSigner(base: signer) : signer)
    }

    private struct NamelessSigner: Signer {
        let base: any Signer
        var algorithm: SignatureAlgorithm { base.algorithm }
        var keyID: String? { nil }
        func sign(_ message: [UInt8]) async throws -> [UInt8] { try await base.sign(message) }
    }
}
