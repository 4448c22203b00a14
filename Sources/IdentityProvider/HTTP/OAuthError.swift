import FoundationEssentials
package import HTTPTypes
import JOSE

/// An error meant for the client (RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3.1; RFC 8628 §3.5; RFC 9101 §7; RFC 9449 §12.2;
/// OpenID Connect Core §3.1.2.6; RFC 9470 §3; RFC 9396 §14.6).
package struct OAuthError: Error {
    package enum Code: String, Sendable {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case invalidScope = "invalid_scope"
        case invalidTarget = "invalid_target"
        case invalidAuthorizationDetails = "invalid_authorization_details"
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
        case insufficientUserAuthentication = "insufficient_user_authentication"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedGrantType = "unsupported_grant_type"
        case unsupportedResponseType = "unsupported_response_type"
        case unsupportedTokenType = "unsupported_token_type"
        case accessDenied = "access_denied"
        case loginRequired = "login_required"
        case accountSelectionRequired = "account_selection_required"
        case consentRequired = "consent_required"
        case interactionRequired = "interaction_required"
        case unmetAuthenticationRequirements = "unmet_authentication_requirements"
        case requestNotSupported = "request_not_supported"
        case requestURINotSupported = "request_uri_not_supported"
        case registrationNotSupported = "registration_not_supported"
        case invalidRequestObject = "invalid_request_object"
        case invalidRequestURI = "invalid_request_uri"
        case invalidDPoPProof = "invalid_dpop_proof"
        case useDPoPNonce = "use_dpop_nonce"
        case authorizationPending = "authorization_pending"
        case slowDown = "slow_down"
        case expiredToken = "expired_token"
        case temporarilyUnavailable = "temporarily_unavailable"
        case serverError = "server_error"
    }

    package let code: Code
    package let description: String
    /// The HTTP status, unless the response is a redirect.
    package let status: HTTPResponse.Status
    /// Header fields of the response, such as `Allow`, `Retry-After` and `WWW-Authenticate`.
    package var headers: HTTPFields
    /// Extension members for problem details (RFC 9457 §3.2). Only the first-party API sends them.
    var members: JSONObject = [:]
    /// The reason that an error page shows. By default, the status decides.
    let reason: Reason?
    /// The name of the parameter in question. A name that Martlet expects, never text from the request.
    var parameter: String?
    /// The next step from the error page. Defaults to the account page.
    package var next: NextStep?
    /// The user's preferred languages from `ui_locales`, for the error page.
    var languages: [String] = []
    /// The registered client that the request concerns, for the log.
    package var client: Identifier<Client>?
    /// The underlying error, for the log. Never sent.
    package let cause: (any Error)?

    package init(
        code: Code, description: String, status: HTTPResponse.Status? = nil, reason: Reason? = nil,
        headers: HTTPFields = [:], cause: (any Error)? = nil
    ) {
        self.code = code
        self.description = description
        self.status = status ?? code.status
        self.reason = reason
        self.headers = headers
        self.cause = cause
    }
}

extension OAuthError.Code {
    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .invalidClient, .invalidToken, .insufficientUserAuthentication: .unauthorized
        case .insufficientScope, .accessDenied: .forbidden
        case .temporarilyUnavailable: .serviceUnavailable
        case .serverError: .internalServerError
        case .invalidRequest, .invalidGrant, .invalidScope, .invalidTarget, .unauthorizedClient,
            .unsupportedGrantType, .unsupportedResponseType, .unsupportedTokenType, .loginRequired,
            .accountSelectionRequired, .consentRequired, .interactionRequired, .unmetAuthenticationRequirements,
            .requestNotSupported,
            .requestURINotSupported, .registrationNotSupported, .invalidRequestObject, .invalidRequestURI,
            .invalidDPoPProof, .useDPoPNonce, .invalidAuthorizationDetails, .authorizationPending, .slowDown,
            .expiredToken:
            .badRequest
        }
    }
}

extension OAuthError.Code {
    /// Whether the error is the usual response to a device that polls (RFC 8628 §3.5). Nothing was refused.
    package var isWaiting: Bool { self == .authorizationPending || self == .slowDown }
}

extension OAuthError {
    /// Whether the error is the request's fault rather than the server's.
    package var isRefusal: Bool { status.kind != .serverError }
}

extension OAuthError: Equatable {
    package static func == (left: OAuthError, right: OAuthError) -> Bool { left.code == right.code }
}

extension OAuthError {
    /// The client-facing form of `error`: itself if it is an `OAuthError`, otherwise `server_error`.
    package init(reporting error: any Error) {
        self = error as? OAuthError ?? OAuthError(code: .serverError, description: "internal error", cause: error)
    }

    package static func invalidRequest(
        _ description: String, reason: Reason? = nil, cause: (any Error)? = nil
    ) -> OAuthError {
        OAuthError(code: .invalidRequest, description: description, reason: reason, cause: cause)
    }

    package static func invalidGrant(_ description: String, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(code: .invalidGrant, description: description, cause: cause)
    }

    package static func invalidScope(_ description: String, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(code: .invalidScope, description: description, cause: cause)
    }

    /// The same error with the next step of its page.
    func leading(to next: NextStep?) -> OAuthError {
        var error = self
        error.next = next
        return error
    }

    /// The error for a path that doesn't support the method (RFC 9110 §15.5.6).
    package static func methodNotAllowed(allowed: [HTTPRequest.Method]) -> OAuthError {
        OAuthError(
            code: .invalidRequest, description: "this path does not support the request method",
            status: .methodNotAllowed, reason: .methodNotAllowed,
            headers: [.allow: allowed.map(\.rawValue).joined(separator: ", ")])
    }

    /// The error for a body larger than `Limits.bodySize` (RFC 9110 §15.5.14).
    package static let contentTooLarge = OAuthError(
        code: .invalidRequest, description: "the request body is too large", status: .contentTooLarge,
        reason: .contentTooLarge)

    /// The error for a rate-limited request (RFC 6585 §4). `retryAfter` is in seconds.
    package static func tooManyRequests(retryAfter: Int, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(
            code: .temporarilyUnavailable, description: "too many requests, try again later",
            status: .tooManyRequests, headers: [.retryAfter: String(retryAfter)], cause: cause)
    }

    /// The error for a request that is rate limited until `end`.
    static func tooManyRequests(until end: Date, at now: Date) -> OAuthError {
        tooManyRequests(retryAfter: max(1, Int(end.timeIntervalSince(now).rounded(.up))))
    }

    /// The error for a server that is temporarily busy (RFC 9110 §15.6.4). `retryAfter` is in seconds.
    package static func unavailable(retryAfter: Int, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(
            code: .temporarilyUnavailable, description: "the server is busy, try again later",
            headers: [.retryAfter: String(retryAfter)], cause: cause)
    }
}
