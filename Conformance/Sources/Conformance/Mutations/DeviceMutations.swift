/// Faults of devices, account choosers and authorization details.
extension ListedMutation {
    static let devices = [
        ListedMutation(
            "M01", "a code works twice", "martlet-device-race", "martlet-device-flow", in: Plans.own),
        ListedMutation(
            "M64-client", "a device code works for any client", "martlet-device-code-bound-to-client", in: Plans.own),
        ListedMutation(
            "M64-grant", "any client may use the device grant", "martlet-device-unregistered", in: Plans.own),
        ListedMutation(
            "M64-slow_down", "devices may poll as fast as they like", "martlet-device-slow-down", in: Plans.own),
        ListedMutation("M64-denial", "a device is not told of a denial", "martlet-device-denied", in: Plans.own),
        ListedMutation(
            "M65-short", "user codes have four letters", "martlet-device-parameters", in: Plans.own, expected: .warning),
        ListedMutation("M65-guesses", "guesses at user codes are not limited", "martlet-device-guesses", in: Plans.own),
        ListedMutation(
            "M65-page", "the approval page does not name the device", "martlet-device-approval-page", in: Plans.own),
    ]

    static let accounts = [
        ListedMutation(
            "M66-select", "prompt=select_account is ignored", "martlet-select-account",
            "martlet-select-account-another",
            in: Plans.own),
        ListedMutation(
            "M66-forgotten", "adding an account forgets the others", "martlet-select-account-switch", in: Plans.own),
        ListedMutation("M66-hints", "hints choose no account", "martlet-account-hints", in: Plans.own),
        ListedMutation(
            "M66-silent", "silent requests reveal who is signed in", "martlet-account-silent-hint", in: Plans.own),
        ListedMutation("M66-create", "prompt=create is ignored", "martlet-prompt-create", in: Plans.own),
    ]

    static let details = [
        ListedMutation(
            "M67-ignored", "authorization_details is ignored", "martlet-rar-flow", "martlet-rar-invalid",
            "martlet-rar-unregistered-type", "martlet-rar-pushed", in: Plans.own),
        ListedMutation(
            "M67-wider", "a token request may ask for more than was granted", "martlet-rar-narrowing",
            "martlet-rar-refresh", in: Plans.own),
        ListedMutation(
            "M67-response", "responses lack authorization_details", "martlet-rar-flow", "martlet-rar-introspection",
            in: Plans.own),
        ListedMutation("M67-page", "the consent page shows no details", "martlet-rar-consent", in: Plans.own),
    ]

    static let signals = [
        ListedMutation("M68-exp", "security events have exp and sub", "martlet-ssf-push", in: Plans.own),
        ListedMutation("M68-typ", "security events have the typ JWT", "martlet-ssf-push", in: Plans.own),
        ListedMutation("M68-aud", "security events are for another receiver", "martlet-ssf-push", in: Plans.own),
        ListedMutation(
            "M68-authorization", "pushes lack the receiver's authorization", "martlet-ssf-push", in: Plans.own),
        ListedMutation("M69-refused", "a refused event is repeated", "martlet-ssf-push-refusal", in: Plans.own),
        ListedMutation("M69-ack", "acknowledgments are ignored", "martlet-ssf-poll", in: Plans.own),
        ListedMutation("M69-paused", "a paused stream sends events", "martlet-ssf-paused", in: Plans.own),
        ListedMutation("M70-streams", "the streams of others are accessible", "martlet-ssf-access", in: Plans.own),
        ListedMutation(
            "M70-subjects", "adding a subject reveals whether it exists", "martlet-ssf-subjects", in: Plans.own),
    ]
}
