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
            "--factors-email-code", "false", "--first-party-built-in-client", "false",
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
        #expect(settings.lifetimes.session == defaults.lifetimes.session)
        #expect(settings.lifetimes.refreshTokenAbsolute == defaults.lifetimes.refreshTokenAbsolute)
        #expect(settings.risk.consequences == defaults.risk.consequences)
    }

    @Test("an invalid issuer doesn't hide other mistakes")
    func mistakes() throws {
        let error = #expect(throws: Mistakes.self) {
            try configuration(["--issuer", "http://id.example", "--totp-digits", "9", "--sign-up", "everybody"])
        }
        #expect(error?.lines.count == 3)
    }
}
