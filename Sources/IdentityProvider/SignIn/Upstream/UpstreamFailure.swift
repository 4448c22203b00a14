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
        /// No account is linked, and none may be created.
        case unlinked = "unlinked"
        /// The account at the upstream is linked to another user.
        case taken = "taken"
        /// The attempt has expired, was finished before, or began in another browser.
        case lost = "lost"
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
