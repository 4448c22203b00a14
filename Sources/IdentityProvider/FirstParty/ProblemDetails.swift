import HTTPTypes
import JOSE

/// An error of the first-party API (RFC 9457), with members of its own where the caller needs them.
struct ProblemDetails: Sendable {
    /// The end of `type`, which programs compare.
    enum Kind: String, CaseIterable {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case authenticationFailed = "authentication_failed"
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
    /// The same for every occurrence (RFC 9457 §3.1.3).
    var title: String {
        switch self {
        case .invalidRequest: "The request is malformed"
        case .invalidClient: "The client may not use this API"
        case .authenticationFailed: "Authentication failed"
        case .insufficientUserAuthentication: "The sign-in was too weak or too long ago"
        case .insufficientPermissions: "A role or permission is missing"
        case .factorRequired: "A further factor is needed"
        case .enrolmentRequired: "A further factor must be set up"
        case .forgeryProtection: "The anti-forgery header is missing or wrong"
        case .registrationClosed: "Nobody can register here"
        case .usernameTaken: "The username is taken"
        case .passwordRefused: "The password cannot be taken"
        case .methodNotAllowed: "The address does not answer to this method"
        case .contentTooLarge: "The body is too large"
        case .unsupportedMediaType: "The body must be JSON"
        case .tooManyRequests: "Too many requests"
        case .temporarilyUnavailable: "Busy for the moment"
        case .serverError: "Internal error"
        }
    }
}

extension ProblemDetails {
    /// What the caller is told of `error`. Of an authentication that failed nobody is told why.
    init(_ error: OAuthError) {
        switch (error.status, error.code) {
        case (.tooManyRequests, _): self.init(error, .tooManyRequests)
        case (.serviceUnavailable, _): self.init(error, .temporarilyUnavailable)
        case (.methodNotAllowed, _): self.init(error, .methodNotAllowed)
        case (.contentTooLarge, _): self.init(error, .contentTooLarge)
        case (.unsupportedMediaType, _): self.init(error, .unsupportedMediaType)
        case (_, .serverError): self.init(error, .serverError)
        case (_, .invalidGrant), (_, .invalidToken):
            self.init(kind: .authenticationFailed, status: .unauthorized, detail: "nobody is told why")
        case (_, .invalidClient), (_, .unauthorizedClient):
            self.init(kind: .invalidClient, status: .badRequest, detail: "client_id names no first-party client")
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
    /// One answer for an unknown person, a wrong password, code, ticket or token.
    static let authenticationFailed = OAuthError(
        code: .invalidGrant, description: "authentication failed", status: .unauthorized)
}
