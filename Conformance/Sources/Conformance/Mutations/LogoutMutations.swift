/// Faults of sign-outs.
extension ListedMutation {
    private static let backChannel = "oidcc-backchannel-rp-initiated-logout"
    private static let frontChannel = "oidcc-frontchannel-rp-initiated-logout"
    private static let session = "oidcc-session-management-rp-initiated-logout"

    static let logout = [
        ListedMutation("M18-nonce", "logout tokens have a nonce", backChannel, in: Plans.backChannel),
        ListedMutation("M18-sid", "sid is missing in logout tokens", backChannel, in: Plans.backChannel),
        ListedMutation("M18-none", "logout tokens are not signed", backChannel, in: Plans.backChannel),
        ListedMutation(
            "M18-typ", "logout tokens have the typ JWT", backChannel, in: Plans.backChannel, expected: .warning),
        ListedMutation("M18-aud", "logout tokens are for another client", backChannel, in: Plans.backChannel),
        ListedMutation("M18-events", "logout tokens lack the event", backChannel, in: Plans.backChannel),
        ListedMutation(
            "M18-jti", "a repeated notice has another jti", "martlet-backchannel-logout-retry", in: Plans.own,
            expected: .warning),
        ListedMutation("M19-sid", "frames have no iss and sid", frontChannel, in: Plans.frontChannel),
        ListedMutation("M19-policy", "the page's policy forbids the frames", frontChannel, in: Plans.frontChannel),
        ListedMutation("M19-missing", "the page has no frames", frontChannel, in: Plans.frontChannel),
        ListedMutation(
            "M19-strangers", "every client gets a frame", "martlet-frontchannel-logout-strangers", in: Plans.own),
        ListedMutation("M20-constant", "session_state is always the same", session, in: Plans.sessionManagement),
        ListedMutation(
            "M20-constant", "session_state is always the same", "martlet-session-state-salted", in: Plans.own),
        ListedMutation("M20-kept", "the browser state survives a sign-out", session, in: Plans.sessionManagement),
        ListedMutation(
            "M20-frame", "any page may frame check_session_iframe", "martlet-session-frame-of-strangers",
            in: Plans.own),
        ListedMutation(
            "M62-asked", "nobody is asked before a sign-out", "martlet-logout-asks", "martlet-logout-declined",
            "martlet-logout-replayed-hint", "martlet-logout-hint-of-another", in: Plans.own),
        ListedMutation(
            "M62-client", "id_token_hint may be for another client", "martlet-logout-client-mismatch", in: Plans.own),
        ListedMutation(
            "M62-form", "forms work in any browser", "martlet-logout-forged-confirmation", in: Plans.own),
        ListedMutation(
            "M63-strangers", "every client is told of a sign-out", "martlet-backchannel-logout-strangers",
            in: Plans.own),
        ListedMutation(
            "M63-failed", "a failed notice is forgotten", "martlet-backchannel-logout-retry", in: Plans.own),
        ListedMutation(
            "M63-refused", "a refused notice is repeated", "martlet-backchannel-logout-refusal", in: Plans.own),
        ListedMutation(
            "M63-slow", "a slow client delays the others", "martlet-backchannel-logout-slow-client", in: Plans.own),
    ]
}
