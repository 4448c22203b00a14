/// Why a session ended before it expired.
enum SessionEndReason: Sendable, CaseIterable {
    /// The user signed out in this browser or application.
    case signOut
    /// The user ended a session on another device.
    case remoteSignOut
    case signOutEverywhere
    /// The user reported a sign-in or a change that wasn't theirs.
    case notMe
    case passwordChanged
    /// The user reset the password with a link from an email.
    case passwordReset
    case recovery
    case idle
    /// Another user signed in with the same browser.
    case replaced
    case accountDeleted
    case accountDisabled
    /// An administrator signed the user out.
    case administrator
    /// The upstream that the session rests on signed the user out.
    case upstream
    /// Every key was replaced.
    case compromise

    /// Whether offline access ends as well (OpenID Connect Core §11). It does if the session ends in the user's
    /// absence, or because an intruder may have used it. A sign-out at an upstream is neither: it spares offline access
    /// (OpenID Connect Back-Channel Logout §2.7).
    ///
    /// Controls `SessionEnd.end` and `endAll(of:)`. For `replaced`, `accountDeleted` and `compromise` it only describes
    /// what the store's transaction does.
    var endsOfflineAccess: Bool {
        switch self {
        case .signOut, .idle, .replaced, .administrator, .upstream: false
        case .remoteSignOut, .signOutEverywhere, .notMe, .passwordChanged, .passwordReset, .recovery,
            .accountDeleted,
            .accountDisabled, .compromise:
            true
        }
    }
}
