/// Why a session ended before its time.
enum SessionEndReason: Sendable, CaseIterable {
    /// The user signed out in the browser or application at hand.
    case signOut
    /// The user ended a session on another device.
    case remoteSignOut
    case signOutEverywhere
    /// The user reported a sign-in or a change that wasn't theirs.
    case notMe
    case passwordChanged
    /// The user set a password with a link from a mail.
    case passwordReset
    case recovery
    case idle
    /// Another user signed in with the same browser.
    case replaced
    case accountDeleted
    case accountDisabled
    /// An administrator signed the user out.
    case administrator
    /// Every key was replaced.
    case compromise

    /// Whether access that outlives a sign-out ends as well (OpenID Connect Core §11). It does when the session ends out of
    /// the user's sight, or because an intruder may have used it.
    ///
    /// Decides for `SessionEnd.end` and `endAll(of:)`. For `replaced`, `accountDeleted` and `compromise` it describes what
    /// the store's transaction does anyway.
    var endsOfflineAccess: Bool {
        switch self {
        case .signOut, .idle, .replaced, .administrator: false
        case .remoteSignOut, .signOutEverywhere, .notMe, .passwordChanged, .passwordReset, .recovery,
            .accountDeleted,
            .accountDisabled, .compromise:
            true
        }
    }
}
