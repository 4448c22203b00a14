/// Hints about pages, which must never cause errors (OpenID Connect Core §3.1.2.1, §5.2, §15.1).
enum DisplayModules {
    static let all = [
        module("oidcc-display-page", "display") { _ in "page" },
        module("oidcc-display-popup", "display") { _ in "popup" },
        module("oidcc-login-hint", "login_hint") { target in
            target.loginHint ?? "buffy@\(WebAddress(target.issuer).host)"
        },
        module("oidcc-ui-locales", "ui_locales") { target in target.uiLocales ?? "se" },
        module("oidcc-claims-locales", "claims_locales") { _ in "se" },
    ]

    /// Signs in with the parameter. Checks that the sign-in page is shown, where the official suite asks a human to
    /// look.
    private static func module(
        _ name: String, _ parameter: String, value: @escaping @Sendable (Target) -> String
    ) -> Module {
        Module(name) { trial in
            var request = try trial.request()
            request[parameter] = value(trial.target)
            let (answer, arrival) = try await trial.authorize(request, in: trial.browser(), by: trial.person())
            trial.check(ArrivalConditions.showsSignIn, arrival)
            _ = try await trial.redeem(answer)
        }
    }
}
