/// Why a session ended before it expired.
enum SessionEndReason: String, Sendable, CaseIterable {
    /// The user signed out in this browser or application.
    case signOut = "sign_out"
    /// The user ended a session on another device.
    case remoteSignOut = "remote_sign_out"
    case signOutEverywhere = "sign_out_everywhere"
    /// The user reported a sign-in or a change that wasn't theirs.
    case notMe = "not_me"
    case passwordChanged = "password_changed"
    /// The user reset the password with a link from an email.
    case passwordReset = "password_reset"
    case recovery = "recovery"
    case idle = "idle"
    /// Another user signed in with the same browser.
    case replaced = "replaced"
    case accountDeleted = "account_deleted"
    case accountDisabled = "account_disabled"
    /// An administrator signed the user out.
    case administrator = "administrator"
    /// The upstream that the session rests on signed the user out.
    case upstream = "upstream"
    /// Every key was replaced.
    case compromise = "compromise"

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

    /// Whether Martlet ended the session by itself, rather than a person for whom the request speaks.
    var isAutomatic: Bool {
        switch self {
        case .idle, .replaced, .upstream, .compromise: true
        case .signOut, .remoteSignOut, .signOutEverywhere, .notMe, .passwordChanged, .passwordReset, .recovery,
            .accountDeleted, .accountDisabled, .administrator:
            false
        }
    }
}
