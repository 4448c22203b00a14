/// A deliberate fault of the server and the modules that must detect it. An undetected fault is a bug of this program.
package struct ListedMutation: Sendable {
    /// The value of `CONFORMANCE_MUTATION` that turns it on.
    package let name: String
    /// The fault, in a few words.
    package let what: String
    package let plan: Plan
    package let modules: [String]
    /// The outcome that the modules must report.
    package let expected: Outcome

    private init(
        _ name: String, _ what: String, _ modules: String..., in plan: Plan = Plans.basic, expected: Outcome = .failed
    ) {
        self.expected = expected
        self.name = name
        self.what = what
        self.plan = plan
        self.modules = modules
    }

    package static let all = authorization + tokens + people + web

    private static let authorization = [
        ListedMutation(
            "M03", "redirect_uri is matched by prefix", "oidcc-ensure-registered-redirect-uri"),
        ListedMutation(
            "M04", "the query of redirect_uri is ignored", "martlet-redirect-uri-with-query",
            "martlet-redirect-uri-exact", in: Plans.own),
        ListedMutation(
            "M05", "a missing redirect_uri is replaced by a default", "martlet-redirect-uri-exact", in: Plans.own),
        ListedMutation("M06-dropped", "state is dropped", "oidcc-server"),
        ListedMutation("M06-changed", "state is changed", "oidcc-server"),
        ListedMutation("M07", "nonce is dropped", "oidcc-server"),
        ListedMutation("M12", "prompt=none shows the sign-in page", "oidcc-prompt-none-not-logged-in"),
        ListedMutation("M13", "prompt=login is ignored", "oidcc-prompt-login"),
        ListedMutation("M14-max_age", "max_age is ignored", "oidcc-max-age-1"),
        ListedMutation(
            "M23", "request objects are silently ignored", "martlet-metadata-is-true", in: Plans.own),
        ListedMutation("M42-missing", "iss is missing in the response", "oidcc-server"),
        ListedMutation("M42-wrong", "iss in the response is another issuer", "oidcc-server"),
        ListedMutation("M48", "codes have only 64 bits", "oidcc-server"),
        ListedMutation("M51-escaping", "form_post does not escape values", "martlet-form-post", in: Plans.own),
        ListedMutation("M51-redirect", "form_post responds with a redirect", "oidcc-server", in: Plans.formPost),
    ]

    private static let tokens = [
        ListedMutation("M01", "a code works twice", "oidcc-codereuse-30seconds"),
        ListedMutation("M01", "a code works twice", "martlet-code-race", in: Plans.own),
        ListedMutation(
            "M02", "a code is not bound to its client", "martlet-code-bound-to-client", in: Plans.own),
        ListedMutation("M08", "at_hash is wrong", "oidcc-server"),
        ListedMutation("M09", "ID Tokens are signed with an unpublished key", "oidcc-server"),
        ListedMutation("M10-aud", "aud is another client", "oidcc-server"),
        ListedMutation("M10-iss", "iss is another issuer", "oidcc-server"),
        ListedMutation("M11", "kid is missing", "oidcc-server"),
        ListedMutation("M14-auth_time", "auth_time is missing", "oidcc-max-age-10000"),
        ListedMutation(
            "M28-verifier", "code_verifier is not checked", "martlet-pkce-wrong-verifier",
            "martlet-pkce-missing-verifier", in: Plans.own),
        ListedMutation("M28-plain", "plain challenges are accepted", "martlet-pkce-plain", in: Plans.own),
        ListedMutation(
            "M29", "public clients do not need PKCE", "martlet-pkce-required-for-public-clients", in: Plans.own),
        ListedMutation(
            "M33", "the claims of client assertions are not checked", "martlet-client-assertion", in: Plans.own),
        ListedMutation("M39", "a refresh token works for any client", "oidcc-refresh-token"),
        ListedMutation(
            "M39", "a refresh token works for any client", "martlet-refresh-bound-to-client", in: Plans.own),
        ListedMutation(
            "M40", "a refresh needs no authentication", "martlet-refresh-without-authentication", in: Plans.own),
        ListedMutation(
            "M41", "codes are valid for more than a minute", "martlet-code-lifetime", in: Plans.own,
            expected: .warning),
        ListedMutation("M47-html", "token errors are HTML pages", "oidcc-codereuse-30seconds"),
        ListedMutation("M47-500", "token errors have status 500", "oidcc-codereuse-30seconds"),
        ListedMutation("M47-code", "token errors have the wrong code", "oidcc-codereuse-30seconds"),
        ListedMutation(
            "M53-revocation", "revoked tokens stay valid", "martlet-revocation-of-a-refresh-token",
            "martlet-revocation-of-an-access-token", in: Plans.own),
        ListedMutation(
            "M53-introspection", "introspection needs no authentication", "martlet-introspection-needs-authentication",
            in: Plans.own),
    ]

    private static let people = [
        ListedMutation(
            "M15", "id_token_hint is not verified at sign-out", "oidcc-rp-initiated-logout-bad-id-token-hint",
            "oidcc-rp-initiated-logout-modified-id-token-hint", in: Plans.logout),
        ListedMutation(
            "M16", "post_logout_redirect_uri is not checked",
            "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", in: Plans.logout),
        ListedMutation("M17", "the session survives a sign-out", "oidcc-rp-initiated-logout", in: Plans.logout),
        ListedMutation("M53-totp", "a one-time password works twice", "martlet-totp-replay", in: Plans.own),
    ]

    private static let web = [
        ListedMutation("M21", "the userinfo endpoint returns another sub", "oidcc-userinfo-get"),
        ListedMutation("M22", "the userinfo endpoint rejects POST", "oidcc-userinfo-post-header"),
        ListedMutation("M44", "an access token in the query is accepted", "martlet-bearer-in-query", in: Plans.own),
        ListedMutation(
            "M46-issuer", "the metadata has another issuer", "oidcc-discovery-endpoint-verification",
            in: Plans.config),
        ListedMutation(
            "M46-private", "a private key is published", "oidcc-discovery-endpoint-verification", in: Plans.config),
        ListedMutation(
            "M46-kid", "a kid is repeated", "oidcc-discovery-endpoint-verification", in: Plans.config),
    ]
}
