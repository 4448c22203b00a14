import HTTPTypes
import JOSE

/// An error response of the first-party API (RFC 9457), with extension members where the caller needs them.
struct ProblemDetails: Sendable {
    /// The last part of `type`, by which clients tell problems apart.
    enum Kind: String, CaseIterable {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case authenticationFailed = "authentication_failed"
        case invalidDPoPProof = "invalid_dpop_proof"
        case useDPoPNonce = "use_dpop_nonce"
        case insufficientUserAuthentication = "insufficient_user_authentication"
        case insufficientPermissions = "insufficient_permissions"
        case factorRequired = "factor_required"
        case enrolmentRequired = "enrolment_required"
        case forgeryProtection = "forgery_protection"
        case registrationClosed = "registration_closed"
        case usernameTaken = "username_taken"
        case passwordRefused = "password_refused"
        case methodNotAllowed = "method_not_allowed"
        case contentTooLarge = "content_too_large"
        case unsupportedMediaType = "unsupported_media_type"
        case tooManyRequests = "too_many_requests"
        case temporarilyUnavailable = "temporarily_unavailable"
        case serverError = "server_error"
    }

    let kind: Kind
    let status: HTTPResponse.Status
    let detail: String
    var members: JSONObject = [:]

    var response: Response {
        var document: JSONObject = [
            "type": .string("urn:martlet:problem:\(kind.rawValue)"), "title": .string(kind.title),
            "status": .integer(status.code), "detail": .string(detail),
        ]
        document.merge(members)
        var response = Response.json(document, status: status)
        response.headers[.contentType] = "application/problem+json"
        return response
    }
}

extension ProblemDetails.Kind {
    /// The same for every occurrence of a kind (RFC 9457 §3.1.3).
    var title: String {
        switch self {
        case .invalidRequest: "Invalid request"
        case .invalidClient: "The client is not allowed to use this API"
        case .authenticationFailed: "Authentication failed"
        case .invalidDPoPProof: "The DPoP proof is missing or not valid"
        case .useDPoPNonce: "The DPoP proof needs a new nonce"
        case .insufficientUserAuthentication: "A stronger or more recent sign-in is required"
        case .insufficientPermissions: "A required role or permission is missing"
        case .factorRequired: "Another factor is required"
        case .enrolmentRequired: "Another factor must be set up"
        case .forgeryProtection: "The request failed cross-site request forgery protection"
        case .registrationClosed: "Sign-up is closed"
        case .usernameTaken: "The username is already taken"
        case .passwordRefused: "The password does not meet the password policy"
        case .methodNotAllowed: "Method not allowed"
        case .contentTooLarge: "The request body is too large"
        case .unsupportedMediaType: "The request body must be JSON"
        case .tooManyRequests: "Too many requests"
        case .temporarilyUnavailable: "Temporarily unavailable"
        case .serverError: "Internal error"
        }
    }
}

extension ProblemDetails {
    /// Creates the problem that reports `error`. All failed authentications look alike.
    init(_ error: OAuthError) {
        switch (error.status, error.code) {
        case (.tooManyRequests, _): self.init(error, .tooManyRequests)
        case (.serviceUnavailable, _): self.init(error, .temporarilyUnavailable)
        case (.methodNotAllowed, _): self.init(error, .methodNotAllowed)
        case (.contentTooLarge, _): self.init(error, .contentTooLarge)
        case (.unsupportedMediaType, _): self.init(error, .unsupportedMediaType)
        case (_, .serverError): self.init(error, .serverError)
        case (_, .invalidGrant), (_, .invalidToken):
            self.init(
                kind: .authenticationFailed, status: .unauthorized,
                detail: "the credentials or token are invalid or expired")
        case (_, .invalidClient), (_, .unauthorizedClient):
            self.init(
                kind: .invalidClient, status: .badRequest, detail: "client_id must name an enabled first-party client")
        case (_, .invalidDPoPProof): self.init(error, .invalidDPoPProof)
        case (_, .useDPoPNonce): self.init(error, .useDPoPNonce)
        case (_, .insufficientUserAuthentication):
            self.init(
                kind: .insufficientUserAuthentication, status: .unauthorized, detail: error.description,
                members: error.members)
        case (_, .accessDenied): self.init(error, .forgeryProtection)
        default: self.init(error, .invalidRequest)
        }
    }

    private init(_ error: OAuthError, _ kind: Kind) {
        self.init(kind: kind, status: error.status, detail: error.description)
    }
}

extension OAuthError {
    /// The single error for an unknown user or a wrong password, code, ticket or token, which prevents user
    /// enumeration.
    static let authenticationFailed = OAuthError(
        code: .invalidGrant, description: "authentication failed", status: .unauthorized)
}
