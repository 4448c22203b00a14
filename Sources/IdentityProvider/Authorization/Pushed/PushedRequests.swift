import FoundationEssentials
import JOSE

/// Keeps pushed authorization requests until their users have answered them (RFC 9126 §2.2, §4).
struct PushedRequests: Sendable {
    private let store: any PushedRequestStore
    private let sealer: Sealer
    private let digester: SecretDigester
    private let lifetimes: Lifetimes
    private let now: @Sendable () -> Date

    private static let prefix = "urn:ietf:params:oauth:request_uri:"
    /// In bytes. A larger one would not fit into the URLs of the sign-in pages.
    private static let maximumSize = 8_192

    init(_ core: Core) {
        store = core.stores.pushedRequests
        sealer = core.sealer
        digester = core.digester
        lifetimes = core.settings.lifetimes
        now = core.now
    }

    /// Seconds until a pushed request expires.
    var lifetime: Int { Int(lifetimes.pushedRequest) }

    /// Whether `uri` names a pushed request, rather than a request object at a URL.
    static func isPushed(_ uri: String) -> Bool { uri.hasPrefix(prefix) }

    /// Stores the request and returns its `request_uri`. Throws the error of status 413 if it is too large (RFC 9126
    /// §2.3).
    func push(_ request: AuthorizationRequest) async throws -> String {
        let secret = Base64URL.encode(RandomBytes.make(32))
        let id = digester.name(secret, of: PushedRequest.self)
        let expiresAt = now().addingTimeInterval(lifetimes.pushedRequest)
        let document = try JSONEncoder().encode(PushedRequest(id: id, request: request, expiresAt: expiresAt))
        guard document.count <= Self.maximumSize else { throw OAuthError.contentTooLarge }
        try await store.save(
            try sealer.seal(Array(document), for: .pushedRequest), as: id,
            until: expiresAt.addingTimeInterval(lifetimes.interaction))
        return Self.prefix + secret
    }

    /// Returns the request with this `request_uri`, which remains usable until its user has answered it, so that
    /// reloading the page does no harm (FAPI 2.0 Security Profile §5.3.2.2). Throws `invalid_request_uri` if it is
    /// unknown, was used or has expired, or if another client pushed it.
    func find(_ uri: String, of client: Client) async throws -> AuthorizationRequest {
        for digest in digester.digests(String(uri.dropFirst(Self.prefix.count)), of: PushedRequest.self) {
            let id = Base64URL.encode(digest.bytes)
            guard let sealed = try await store.find(id) else { continue }
            guard let pushed = try? open(sealed), pushed.id.isExactly(id), pushed.request.client == client.id,
                pushed.expiresAt > now()
            else { break }
            var request = pushed.request
            request.pushed = id
            return request
        }
        Decision.note("The request_uri is unknown, was used or has expired, or another client pushed it (RFC 9126 §4).")
        throw OAuthError.invalidRequestURI("request_uri is not valid, or has expired")
    }

    /// Uses the request up. Throws `invalid_request_uri` if it was used before, or if its user took longer than an
    /// interaction may last.
    func consume(_ id: String) async throws {
        guard try await store.consume(id) else {
            throw OAuthError.invalidRequestURI("request_uri was already used, or has expired")
        }
    }

    /// Uses the request up, if it wasn't yet.
    func discard(_ id: String) async throws { _ = try await store.consume(id) }

    private func open(_ sealed: [UInt8]) throws -> PushedRequest {
        try JSONDecoder().decode(PushedRequest.self, from: Data(sealer.open(sealed, for: .pushedRequest)))
    }
}

extension OAuthError {
    /// RFC 9101 §7.
    static func invalidRequestURI(_ description: String, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(code: .invalidRequestURI, description: description, cause: cause)
    }
}
