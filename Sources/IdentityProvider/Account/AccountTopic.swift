/// Account management by users, and sign-up.
struct AccountTopic: Topic {
    let endpoints: [any Endpoint]

    init(_ core: Core, loop: InteractionLoop) {
        endpoints =
            Self.signedIn(core)
            + (core.sendsMail ? Self.byMail(core) : [])
            + Self.signUp(core, loop)
    }

    private static func signedIn(_ core: Core) -> [any Endpoint] {
        [
            HomeEndpoint(core),
            AccountEndpoint(core),
            SwitchAccountEndpoint(core),
            ProfileEndpoint(core),
            PasskeysEndpoint(core),
            LinkedAccountsEndpoint(core),
            AuthenticatorAppsEndpoint(core),
            RecoveryCodesEndpoint(core),
            ChangePasswordEndpoint(core),
            AccountSessionsEndpoint(core),
            AccountRecoveryEndpoint(core),
            AccountApplicationsEndpoint(core),
            PersonalDataEndpoint(core),
            DeleteAccountEndpoint(core),
        ]
    }

    private static func byMail(_ core: Core) -> [any Endpoint] {
        [
            ForgotPasswordEndpoint(core),
            ResetPasswordEndpoint(core),
            UnlockEndpoint(core),
            EmailAddressEndpoint(core),
            NotMeEndpoint(core),
            RecoveryEndpoint(core, purpose: .recoveryCancel, evidence: .cancellation),
            RecoveryEndpoint(core, purpose: .recoveryFinish, evidence: .mailbox),
            VerifyEmailEndpoint(core),
            AgreeToEmailEndpoint(core),
            NewEmailEndpoint(core),
        ]
    }

    private static func signUp(_ core: Core, _ loop: InteractionLoop) -> [any Endpoint] {
        let invitation = NewAccountEndpoint(core, purpose: .invitation, origin: .invitation, loop: loop)
        switch core.settings.signUp {
        case .off: return []
        case .open where core.hasSignUpPage:
            return [
                invitation,
                SignUpEndpoint(core),
                NewAccountEndpoint(core, purpose: .signUp, origin: .signUp, loop: loop),
            ]
        case .open, .invitation: return [invitation]
        }
    }
}
