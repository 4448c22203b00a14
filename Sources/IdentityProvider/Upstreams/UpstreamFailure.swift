import FoundationEssentials
import JOSE

/// Why a sign-in at an upstream led to nothing. Each reason has a text on the page that the user sees.
struct UpstreamFailure: Error {
    enum Reason: String, Sendable, CaseIterable {
        /// The upstream doesn't answer, or says that it can't now.
        case unavailable = "unavailable"
        /// The user or the upstream said no.
        case denied = "denied"
        /// The answer breaks a rule of the protocol, or is forged.
        case invalid = "invalid"
        /// The upstream can't confirm that the user has just signed in.
        case stale = "stale"
        /// The sign-in is weaker than the upstream's `minimum_acr`.
        case weak = "weak"
        /// The upstream's rules don't admit this user.
        case notAdmitted = "not_admitted"
        /// No account is linked, and none may be created anymore.
        case unlinked = "unlinked"
        /// The account at the upstream is linked to another user.
        case taken = "taken"
        /// The attempt has expired, was finished before, or began in another browser.
        case lost = "lost"
        /// The client's request is longer than a browser can keep during the sign-in.
        case tooLong = "too_long"
    }

    let reason: Reason
    let upstream: Upstream
    /// For the log. Never shown.
    let cause: (any Error)?

    init(_ reason: Reason, _ upstream: Upstream, cause: (any Error)? = nil) {
        self.reason = reason
        self.upstream = upstream
        self.cause = cause
    }
}

/// A rule that an upstream's answer breaks, as a sentence for the operator. Contains no code, token or claim of a user.
struct UpstreamMistake: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension UpstreamFailure {
    /// Creates the failure for an answer that breaks a rule.
    static func invalid(_ upstream: Upstream, _ rule: String) -> UpstreamFailure {
        UpstreamFailure(.invalid, upstream, cause: UpstreamMistake(rule))
    }

    /// Creates the failure for an error of a request to `upstream` or of its response. `nil` for errors that have
    /// another origin.
    init?(reporting error: any Error, of upstream: Upstream) {
        switch error {
        case let failure as UpstreamFailure: self = failure
        case let error as FetchError:
            self.init(error.isTransient ? .unavailable : .invalid, upstream, cause: error.withoutContent)
        case is UpstreamMistake, is JSONError, is JWKError, is JWTError: self.init(.invalid, upstream, cause: error)
        default: return nil
        }
    }
}
