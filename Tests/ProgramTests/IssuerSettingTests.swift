import ArgumentParser
import Authenticators
import FoundationEssentials
import IdentityProvider
import Testing

@testable import martlet

@Suite("The settings of an issuer")
struct IssuerSettingTests {
    private func configuration(_ arguments: [String]) throws -> Configuration {
        try Configuration(ConfigurationOptions.parse(arguments), environment: [:])
    }

    @Test("every issuer of the process has the same settings under its own identifier")
    func severalIssuers() throws {
        let configuration = try configuration([
            "--issuer", "https://one.example", "--additional-issuers", "https://two.example", "--name", "Front Door",
            "--sign-up", "open", "--minimum-acr", "urn:martlet:acr:2", "--totp-digits", "8",
            "--factors-email-code", "false", "--first-party-built-in-client", "false", "--sign-in-upstream-redirect",
            "only",
            "--lifetimes-session-idle", "900", "--suspicion-unknown-device", "factor",
        ])
        #expect(configuration.issuers.map(\.identifier) == ["https://one.example", "https://two.example"])
        for issuer in configuration.issuers {
            let settings = configuration.settings(for: issuer)
            #expect(settings.issuer == issuer)
            #expect(settings.name == "Front Door")
            #expect(settings.signUp == .open)
            #expect(settings.minimumContext == .multiFactor)
            #expect((settings.totp.digits, settings.totp.algorithm) == (8, .sha1))
            #expect(!settings.acceptsEmailCodes)
            #expect(!settings.hasBuiltInClient)
            #expect(settings.goesToOnlyUpstream)
            #expect(settings.lifetimes.sessionIdle == 900)
            #expect(settings.risk.consequences[.unknownDevice] == .factor)
        }
    }

    @Test("a setting that is left out has the provider's default")
    func defaults() throws {
        let chosen = try configuration([])
        let settings = chosen.settings(for: chosen.issuers[0])
        let defaults = Settings(issuer: chosen.issuers[0])
        #expect(settings.issuer.identifier == "http://localhost:8080")
        #expect(settings.name == defaults.name)
        #expect(settings.signUp == defaults.signUp)
        #expect(settings.minimumContext == defaults.minimumContext)
        #expect(settings.totp == defaults.totp)
        #expect(settings.acceptsEmailCodes == defaults.acceptsEmailCodes)
        #expect(settings.hasBuiltInClient == defaults.hasBuiltInClient)
        #expect(!settings.goesToOnlyUpstream)
        #expect(settings.lifetimes.session == defaults.lifetimes.session)
        #expect(settings.lifetimes.refreshTokenAbsolute == defaults.lifetimes.refreshTokenAbsolute)
        #expect(settings.risk.consequences == defaults.risk.consequences)
    }

    @Test("each limit can be set, half of it, or turned off")
    func limits() throws {
        let limits = try configuration([
            "--limits-sign-in-failures", "120", "--limits-sign-in-failures-at-once", "50", "--limits-requests", "off",
            "--limits-email-requests", "12", "--limits-emails-per-network", "1000",
        ]).settings.limits
        #expect(limits.signInFailures == RateLimit(burst: 50, perMinute: 120))
        #expect(limits.requests == nil)
        #expect(limits.emailRequests == RateLimit(burst: 10, perMinute: 12))
        #expect(limits.emailsPerNetwork == 1_000)
        let defaults = try configuration([]).settings.limits
        #expect(defaults.signInFailures == RateLimit(burst: 30, perMinute: 60))
        #expect(defaults.requests == RateLimit(burst: 600, perMinute: 6_000))
        #expect(defaults.emailRequests == RateLimit(burst: 10, perMinute: 6))
        #expect(defaults.emailsPerNetwork == 120)
    }

    @Test(
        "a limit that is no number, zero, or half turned off is a mistake",
        arguments: [
            (["--limits-requests=0"], "--limits-requests: must be a number from 1 to 60000, or off"),
            (["--limits-requests=none"], "--limits-requests: must be a number from 1 to 60000, or off"),
            (["--limits-requests-at-once=off"], "--limits-requests-at-once: must be a number from 1 to 60000"),
            (
                ["--limits-requests=off", "--limits-requests-at-once=5"],
                "--limits-requests-at-once: has no effect while limits.requests is off; remove one of them"
            ),
            (["--audit-machine-tokens=all"], "--audit-machine-tokens: must be per_minute or each"),
            (["--sign-in-upstream-redirect=always"], "--sign-in-upstream-redirect: must be off or only"),
        ])
    func limitMistakes(_ arguments: [String], _ mistake: String) throws {
        let mistakes = try #require(throws: Mistakes.self) { try configuration(arguments) }
        #expect(mistakes.lines == [mistake])
    }

    @Test("machine tokens are counted unless each is to be recorded")
    func machineTokens() throws {
        #expect(try configuration([]).audit.machineTokens == .perMinute)
        #expect(try configuration(["--audit-machine-tokens", "each"]).audit.machineTokens == .each)
    }

    @Test("an invalid issuer doesn't hide other mistakes")
    func mistakes() throws {
        let error = #expect(throws: Mistakes.self) {
            try configuration(["--issuer", "http://id.example", "--totp-digits", "9", "--sign-up", "everybody"])
        }
        #expect(error?.lines.count == 3)
    }
}
