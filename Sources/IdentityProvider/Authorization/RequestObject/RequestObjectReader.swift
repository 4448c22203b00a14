import FoundationEssentials
import HTTPTypes
import JOSE

/// Replaces the parameters of an authorization request by those in its request object (RFC 9101 §5, §6; OpenID Connect
/// Core §6), sent by value or by reference.
struct RequestObjectReader: Sendable {
    private let issuer: Issuer
    private let keys: ClientKeys
    private let fetcher: any Fetcher
    /// In bytes.
    private let maximumSize: Int
    private let now: @Sendable () -> Date

    init(_ core: Core) {
        issuer = core.issuer
        keys = ClientKeys(core)
        fetcher = core.fetcher
        maximumSize = core.settings.limits.parameterLength
        now = core.now
    }

    /// Returns `parameters` if they have no request object, otherwise only those in the object (RFC 9101 §5). Throws
    /// `invalid_request`, `invalid_request_object` or `invalid_request_uri`.
    func resolve(_ parameters: Parameters, of client: Client) async throws -> Parameters {
        let text: String
        switch (parameters["request"], parameters["request_uri"]) {
        case (nil, nil):
            guard !client.requestRules.areSigned else {
                throw OAuthError.invalidRequest("the client must send a signed request object")
            }
            return parameters
        case (let value?, nil): text = value
        case (nil, let uri?): text = try await fetch(uri, of: client)
        case (_?, _?): throw OAuthError.invalidRequest("send request or request_uri, not both")
        }
        do {
            let object = try await read(text, of: client)
            Decision.note("The parameters of the request are those of its request object (RFC 9101 §5).")
            return object.parameters
        } catch let error as InvalidRequestObject {
            throw OAuthError.invalidRequestObject(error.reason, cause: error)
        } catch let error as UnavailableKeys {
            throw OAuthError.invalidRequestObject("the keys at the client's jwks_uri can't be read", cause: error)
        } catch let error where error is JWTError || error is JWSError {
            throw OAuthError.invalidRequestObject("its signature or its claims are not valid", cause: error)
        }
    }

    private func read(_ text: String, of client: Client) async throws -> RequestObject {
        if client.requestRules.allowsUnsigned {
            return try RequestObject(unsigned: text, of: client, for: issuer, at: now())
        }
        return try await keys.verify(of: client) { keys in
            try RequestObject(validating: text, with: keys, of: client, for: issuer, at: now())
        }
    }

    /// Fetches the object from a registered URL. Others are never fetched, so that nobody can make Martlet send requests
    /// (RFC 9101 §10.4).
    private func fetch(_ uri: String, of client: Client) async throws -> String {
        guard client.requestRules.uris.contains(where: uri.isExactly) else {
            throw OAuthError.invalidRequestURI("request_uri is not registered")
        }
        do {
            let response = try await fetcher.fetch(FetchRequest(.get, uri), under: policy(of: client))
            return String(decoding: response.body, as: UTF8.self)
        } catch let error as FetchError {
            throw OAuthError.invalidRequestURI("the request object could not be fetched", cause: error)
        }
    }

    /// As large as one sent by value. Cached only as long as its server allows.
    private func policy(of client: Client) -> FetchPolicy {
        FetchPolicy(
            operation: "client.request_object", allowsPrivateNetworks: client.isInPrivateNetwork, timeout: .seconds(5),
            maximumSize: maximumSize, mediaTypes: ["application/oauth-authz-req+jwt", "application/jwt"],
            caching: FetchCaching(
                minimumLifetime: 5, maximumLifetime: 60, staleLifetime: 0, failureLifetime: 5, maximumCount: 1_000))
    }
}

extension OAuthError {
    /// RFC 9101 §7.
    static func invalidRequestObject(_ reason: String, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(
            code: .invalidRequestObject, description: "the request object is not valid: \(reason)", cause: cause)
    }
}
