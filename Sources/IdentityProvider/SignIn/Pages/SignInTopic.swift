/// Sign-in: the factors, the single path from factors to a session, and the pages along it.
struct SignInTopic: Topic {
    let signIn: SignIn
    let loop: InteractionLoop
    let endpoints: [any Endpoint]

    init(_ core: Core) {
        // Users with one of these are not asked for a code sent by email.
        let stronger: [any SecondFactor] = [PasskeyFactor(core), TOTPFactor(core)]
        let hasEmailCodes = core.sendsMail && core.settings.acceptsEmailCodes
        let emailCodes: [any SecondFactor] = hasEmailCodes ? [EmailCodeFactor(core, others: stronger)] : []
        signIn = SignIn(core, factors: stronger + emailCodes + [RecoveryCodeFactor(core), AccessCodeFactor(core)])
        loop = InteractionLoop(core, signIn: signIn)
        endpoints = [
            ContinueEndpoint(core, loop: loop),
            SignInEndpoint(core, loop: loop),
            SelectAccountEndpoint(core),
            SecondFactorEndpoint(core, loop: loop),
            PasskeySignInEndpoint(core, loop: loop),
            UpstreamAccountEndpoint(core, loop: loop),
            NotLinkedEndpoint(core),
            UpstreamSignInEndpoint(core),
            PasskeyScriptEndpoint(),
            EnrolEndpoint(core, loop: loop),
            UpstreamCallbackEndpoint(core, loop: loop),
        ]
    }
}
