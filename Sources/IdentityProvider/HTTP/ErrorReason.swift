import HTTPTypes

extension OAuthError {
    /// What an error page says about the cause, in the reader's language, by the text `reason_REASON`. `description` is for
    /// developers and stays in English (RFC 6749 §5.2).
    package enum Reason: String, Sendable, CaseIterable {
        /// A request that is wrong in a way that only its developer can mend.
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

    /// The reason that a page shows. Errors that only clients see have none of their own.
    var shownReason: Reason {
        if let reason { return reason }
        return switch status {
        case .tooManyRequests: .tooManyRequests
        case .serviceUnavailable: .busy
        default: isRefusal ? .request : .server
        }
    }
}
