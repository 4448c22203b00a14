package import ServiceLifecycle

/// One issuer: its topics in order of dependency. This file is the table of contents.
package struct Provider: Sendable {
    package let settings: Settings
    package let endpoints: [any Endpoint]
    /// Limits requests before their bodies are read.
    package let requestLimiter: RequestLimiter
    package let services: [any Service]
    package let keyRotation: KeyRotation
    package let mail: MailQueue
    /// `nil` if this process sends no mail.
    package let mailService: MailService?
    private let links: MailLinks

    package init(_ core: Core) {
        Measurements.register()
        #if MARTLET_MUTATIONS
            let core = Mutation.faulty(core)
        #endif
        let keys = KeyTopic(core)
        let mail = MailTopic(core)
        let signIn = SignInTopic(core)
        let tokens = TokenTopic(core, signIn: signIn.signIn)
        let authorization = AuthorizationTopic(core, loop: signIn.loop, authenticator: tokens.authenticator)
        let logout = LogoutTopic(core)
        let account = AccountTopic(core, loop: signIn.loop)
        let firstParty = FirstPartyTopic(core, signIn: signIn.signIn, tokens: tokens)
        let forwardAuth = ForwardAuthTopic(core, signIn: signIn.signIn, tokens: tokens)
        let sharedSignals = SharedSignalsTopic(core, bearers: tokens.bearers)
        let maintenance = MaintenanceTopic(core, rotation: keys.rotation)
        let described: [any Topic] = [
            keys, mail, signIn, authorization, tokens, logout, account, firstParty, forwardAuth,
            sharedSignals, maintenance,
        ]
        let topics = described + [MetadataTopic(core, describing: described)]

        let requestLimiter = RequestLimiter(core, clients: tokens.authenticator)
        let browserState = BrowserState(core)
        let audited = topics.flatMap(\.endpoints).map { endpoint in
            let stated = BrowserStateEndpoint(base: endpoint, state: browserState)
            return AuditedEndpoint(base: LimitedEndpoint(base: stated, limiter: requestLimiter), log: core.audit)
        }
        #if MARTLET_MUTATIONS
            let tools = MutationTools(core)
            endpoints = audited.map { MutatedEndpoint(base: $0, tools: tools) }
        #else
            endpoints = audited
        #endif
        self.requestLimiter = requestLimiter
        services = topics.flatMap(\.services)
        settings = core.settings
        keyRotation = keys.rotation
        self.mail = mail.queue
        mailService = mail.service
        links = mail.links
    }

    /// Returns a single-use link that lets the owner of `address` create an account.
    package func invitation(for address: MailAddress) throws -> String {
        try links.url(for: .invitation, address: address)
    }
}
