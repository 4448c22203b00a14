import FoundationEssentials
package import HTTPTypes
import JOSE

/// An error meant for the client (RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3.1; OpenID Connect Core §3.1.2.6; RFC 9470 §3).
package struct OAuthError: Error {
    package enum Code: String, Sendable {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case invalidScope = "invalid_scope"
        case invalidTarget = "invalid_target"
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
        case insufficientUserAuthentication = "insufficient_user_authentication"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedGrantType = "unsupported_grant_type"
        case unsupportedResponseType = "unsupported_response_type"
        case unsupportedTokenType = "unsupported_token_type"
        case accessDenied = "access_denied"
        case loginRequired = "login_required"
        case consentRequired = "consent_required"
        case interactionRequired = "interaction_required"
        case unmetAuthenticationRequirements = "unmet_authentication_requirements"
        case requestNotSupported = "request_not_supported"
        case requestURINotSupported = "request_uri_not_supported"
        case registrationNotSupported = "registration_not_supported"
        case temporarilyUnavailable = "temporarily_unavailable"
        case serverError = "server_error"
    }

    package let code: Code
    package let description: String
    /// The HTTP status, where the response is not a redirect.
    package let status: HTTPResponse.Status
    /// Header fields of the response: `Allow`, `Retry-After`, `WWW-Authenticate`.
    package var headers: HTTPFields
    /// Members of the first-party API's problem details (RFC 9457 §3.2). No other response has them.
    var members: JSONObject = [:]
    /// What a page says of it; by default what its status tells.
    let reason: Reason?
    /// The name of the parameter that it concerns: ours, never what was sent.
    var parameter: String?
    /// Where a page leads on; by default to the account page.
    var next: NextStep?
    /// The user's wish from `ui_locales`, for a page.
    var languages: [String] = []
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
            .consentRequired, .interactionRequired, .unmetAuthenticationRequirements, .requestNotSupported,
            .requestURINotSupported, .registrationNotSupported:
            .badRequest
        }
    }
}

extension OAuthError {
    /// Whether the request is at fault, not the server.
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

    package static func invalidScope(_ description: String) -> OAuthError {
        OAuthError(code: .invalidScope, description: description)
    }

    /// The address exists, the method does not (RFC 9110 §15.5.6).
    package static func methodNotAllowed(allowed: [HTTPRequest.Method]) -> OAuthError {
        OAuthError(
            code: .invalidRequest, description: "this address does not answer to this method",
            status: .methodNotAllowed, reason: .methodNotAllowed,
            headers: [.allow: allowed.map(\.rawValue).joined(separator: ", ")])
    }

    /// The body is larger than `Limits.bodySize` (RFC 9110 §15.5.14).
    package static let contentTooLarge = OAuthError(
        code: .invalidRequest, description: "the request body is too large", status: .contentTooLarge,
        reason: .contentTooLarge)

    /// Too many requests; `retryAfter` in seconds (RFC 6585 §4).
    package static func tooManyRequests(retryAfter: Int, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(
            code: .temporarilyUnavailable, description: "too many requests, try again later",
            status: .tooManyRequests, headers: [.retryAfter: String(retryAfter)], cause: cause)
    }

    /// Too many requests until `end`.
    static func tooManyRequests(until end: Date, at now: Date) -> OAuthError {
        tooManyRequests(retryAfter: max(1, Int(end.timeIntervalSince(now).rounded(.up))))
    }

    /// Busy for the moment; `retryAfter` in seconds (RFC 9110 §15.6.4).
    package static func unavailable(retryAfter: Int, cause: (any Error)? = nil) -> OAuthError {
        OAuthError(
            code: .temporarilyUnavailable, description: "the server is busy, try again later",
            headers: [.retryAfter: String(retryAfter)], cause: cause)
    }
}
