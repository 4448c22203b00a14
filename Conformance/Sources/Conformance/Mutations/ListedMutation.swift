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

    init(
        _ name: String, _ what: String, _ modules: String..., in plan: Plan = Plans.basic, expected: Outcome = .failed
    ) {
        self.init(name, what, modules, in: plan, expected: expected)
    }

    private init(_ name: String, _ what: String, _ modules: [String], in plan: Plan, expected: Outcome) {
        self.expected = expected
        self.name = name
        self.what = what
        self.plan = plan
        self.modules = modules
    }

    package static let all =
        authorization + tokens + people + web + requests + assurance + proofs + logout
        + devices + accounts + details + signals

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
            "M23", "request objects are silently ignored", "martlet-jar-by-value", "martlet-jar-registered-unsigned",
            in: Plans.own),
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

/// Faults that only clients with high assurance meet.
extension ListedMutation {
    private static let security = Plan.security(FAPIVariant(.privateKeyJWT, .dpop, .openIDConnect))
    private static let certificates = Plan.security(FAPIVariant(.mtls, .mtls, .openIDConnect))
    private static let signing = Plan.signing(FAPIVariant(.privateKeyJWT, .dpop, .openIDConnect, .signed, .jarm))

    /// A fault that modules of a FAPI 2.0 plan detect, named without the prefix of all these modules.
    private static func fapi(
        _ name: String, _ what: String, _ modules: String..., in plan: Plan = security, expected: Outcome = .failed
    ) -> ListedMutation {
        ListedMutation(
            name, what, modules.map { "fapi2-security-profile-final-\($0)" }, in: plan, expected: expected)
    }

    fileprivate static let requests = [
        fapi(
            "M24", "signatures of request objects are not checked",
            "ensure-request-object-with-invalid-signature-fails", "ensure-matching-key-in-authorization-request",
            in: signing),
        fapi(
            "M25", "unsigned request objects are accepted", "ensure-request-object-signature-algorithm-is-not-none",
            in: signing),
        fapi(
            "M26", "RS256 is accepted from FAPI clients", "ensure-signed-request-object-with-RS256-fails",
            "ensure-signed-client-assertion-with-RS256-fails", in: signing),
        fapi(
            "M27", "exp, nbf and aud of request objects are not checked", "ensure-request-object-without-exp-fails",
            "ensure-request-object-without-nbf-fails", "ensure-expired-request-object-fails",
            "ensure-request-object-with-bad-aud-fails", "ensure-request-object-with-exp-over-60-fails",
            "ensure-request-object-with-nbf-over-60-fails", in: signing),
        fapi(
            "M30-client", "a request_uri works for any client", "par-attempt-to-use-request_uri-for-different-client"),
        ListedMutation(
            "M30-client", "a request_uri works for any client", "martlet-par-bound-to-client", in: Plans.own),
        fapi(
            "M30-expiry", "a request_uri works after it has expired", "par-attempt-to-use-expired-request_uri"),
        fapi(
            "M31", "a request_uri is used up by loading the page",
            "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", expected: .warning),
        fapi(
            "M32", "request_uri may be pushed", "par-authorization-request-containing-request_uri-form-param"),
        fapi(
            "M54-request_uri", "a request_uri works twice", "par-attempt-reuse-request_uri", expected: .warning),
        ListedMutation("M54-request_uri", "a request_uri works twice", "martlet-par-race", in: Plans.own),
        ListedMutation(
            "M57", "a request object is accepted as a client assertion", "martlet-jar-object-as-client-assertion",
            in: Plans.own),
        ListedMutation(
            "M58", "parameters outside the request object count", "martlet-jar-ignores-parameters-outside",
            in: Plans.own),
        ListedMutation(
            "M59", "any request_uri is fetched", "martlet-jar-unregistered-uri-is-not-fetched", in: Plans.own),
    ]

    fileprivate static let assurance = [
        fapi(
            "M33", "the claims of client assertions are not checked",
            "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
            "ensure-client-assertion-with-wrong-aud-fails",
            "ensure-client-assertion-with-no-sub-fails"),
        fapi(
            "M34", "assertions for several audiences or an endpoint are accepted", "par-test-array-as-audience-fails",
            "par-test-par-endpoint-url-as-audience-fails", "par-test-token-endpoint-url-as-audience-fails"),
        fapi("M37", "tokens need no sender constraint", "ensure-holder-of-key-required"),
        fapi("M38-bearer", "a DPoP-bound token is accepted as Bearer", "dpop-negative-tests"),
        ListedMutation(
            "M38-bearer", "a DPoP-bound token is accepted as Bearer", "martlet-dpop-challenge",
            "martlet-dpop-without-registration", in: Plans.own),
        fapi(
            "M38-certificate", "a bound token is accepted with another certificate", "happy-flow", in: certificates),
        ListedMutation(
            "M38-certificate", "a bound token is accepted with another certificate", "martlet-mtls-bound-token",
            in: Plans.own),
        fapi("M43-aud", "aud is missing in the response JWT", "happy-flow", in: signing),
        fapi("M43-exp", "exp is missing in the response JWT", "happy-flow", in: signing),
        ListedMutation("M43-aud", "aud is missing in the response JWT", "martlet-jarm-error", in: Plans.own),
        ListedMutation(
            "M55", "refresh tokens of public clients are not bound", "martlet-dpop-public-refresh-token",
            in: Plans.own),
        ListedMutation(
            "M56-cnf", "introspection does not say what a token is bound to", "martlet-dpop-introspection",
            "martlet-mtls-introspection", in: Plans.own),
        ListedMutation(
            "M56-typ", "introspection responses have the typ JWT", "martlet-introspection-jwt", in: Plans.own),
        ListedMutation(
            "M56-userinfo", "userinfo responses are not signed", "martlet-userinfo-signed", in: Plans.own),
        ListedMutation(
            "M60", "certificates of other clients are accepted", "martlet-mtls-certificate-of-another-client",
            in: Plans.own),
    ]

    fileprivate static let proofs = [
        fapi("M35-htm", "htm of DPoP proofs is not checked", "dpop-negative-tests"),
        fapi("M35-htu", "htu of DPoP proofs is not checked", "dpop-negative-tests"),
        ListedMutation(
            "M35-htu", "htu of DPoP proofs is not checked", "martlet-dpop-proof-for-another-url", in: Plans.own),
        fapi("M35-ath", "ath of DPoP proofs is not checked", "dpop-negative-tests"),
        fapi("M35-iat", "iat of DPoP proofs is not checked", "dpop-negative-tests"),
        fapi("M35-signature", "signatures of DPoP proofs are not checked", "dpop-negative-tests"),
        fapi("M35-key", "DPoP proofs may have any key", "dpop-negative-tests"),
        fapi(
            "M36", "dpop_jkt and the DPoP proof of a pushed request are ignored", "ensure-mismatched-dpop-jkt-fails",
            "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
            "ensure-token-endpoint-fails-with-mismatched-dpop-jkt"),
        ListedMutation(
            "M36", "dpop_jkt and the DPoP proof of a pushed request are ignored",
            "martlet-dpop-code-bound-by-thumbprint", in: Plans.own),
        ListedMutation(
            "M54-proof", "a DPoP proof works many times", "martlet-dpop-proof-race", "martlet-dpop-token-proof-race",
            in: Plans.own),
        ListedMutation("M61", "nonces of DPoP proofs are not checked", "martlet-dpop-nonce", in: Plans.own),
    ]
}
