import HTTPTypes

extension OAuthError {
    /// The cause that an error page shows, in the user's language. Text: `reason_REASON`. `description` is for developers
    /// and stays in English (RFC 6749 §5.2).
    package enum Reason: String, Sendable, CaseIterable {
        /// An invalid request that only the client's developer can fix.
        case request = "request"
        case parameterMissing = "parameter_missing"
        case parameterRepeated = "parameter_repeated"
        case clientUnknown = "client_unknown"
        case redirectURIUnregistered = "redirect_uri_unregistered"
        case returnURIUnregistered = "return_uri_unregistered"
        case hintInvalid = "hint_invalid"
        case signInLost = "sign_in_lost"
        case linkLost = "link_lost"
        case formForeign = "form_foreign"
        case originForeign = "origin_foreign"
        case passwordMailed = "password_mailed"
        case accountNotAdmitted = "account_not_admitted"
        case otherUser = "other_user"
        case signInTooWeak = "sign_in_too_weak"
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case contentTooLarge = "content_too_large"
        case contentTooSlow = "content_too_slow"
        case contentType = "content_type"
        case tooManyRequests = "too_many_requests"
        case busy = "busy"
        case server = "server"
    }

    /// The reason that the error page shows. Errors meant only for clients have none, so their status decides.
    var shownReason: Reason {
        if let reason { return reason }
        return switch status {
        case .tooManyRequests: .tooManyRequests
        case .serviceUnavailable: .busy
        default: isRefusal ? .request : .server
        }
    }
}
