import Authenticators
package import FoundationEssentials
package import ServiceLifecycle

/// One issuer: settings and stores in, endpoints and services out. This file is the table of contents.
package struct Provider: Sendable {
    package let settings: Settings
    package let endpoints: [any Endpoint]
    package let services: [any Service]
    package let keyRotation: KeyRotation
    package let mail: MailQueue
    /// `nil` where no mail is sent.
    package let mailService: MailService?
    private let links: MailLinks

    package init(
        settings: Settings, stores: Stores, vault: KeyVault, passwords: PasswordFactor, limiter: RateLimiter,
        audit: AuditLog, mailer: (any Mailer)? = nil, places: (any PlaceFinder)? = nil,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        let idleLimit = settings.lifetimes.sessionIdle
        #if MARTLET_MUTATIONS
            let stores = Mutation.faulty(stores).endingSessions(unusedFor: idleLimit)
        #else
            let stores = stores.endingSessions(unusedFor: idleLimit)
        #endif
        let issuer = settings.issuer
        let lifetimes = settings.lifetimes
        let sealer = Sealer(vault)
        let digester = SecretDigester(vault)
        let clients = CachedClients(
            stores.clients, hiding: settings.hasBuiltInClient ? nil : FirstPartyClients.builtIn, now: now)
        let resources = CachedResourceServers(stores.resourceServers, now: now)
        let entitlements = CachedEntitlements(roles: stores.roles, groups: stores.groups, now: now)
        Measurements.begin()
        let ring = KeyRing(issuer: issuer, store: stores.keys, sealer: sealer, now: now)
        let rotation = KeyRotation(
            store: stores.keys, ring: ring, sealer: sealer, schedule: settings.keyRotation, audit: audit, now: now)

        // People
        let browser = BrowserCookie(of: issuer)
        let formToken = FormToken(vault, of: issuer, browser: browser)
        let sessions = SessionCookie(
            of: issuer, sessions: stores.sessions, users: stores.users, digester: digester,
            lifetime: lifetimes.session, now: now)
        let interactions = InteractionKeeper(
            issuer: issuer, sealer: sealer, browser: browser, lifetime: lifetimes.interaction, now: now)
        let hints = IDTokenHintReader(issuer: issuer, ring: ring, now: now)
        let devices = DeviceCookie(
            of: issuer, devices: stores.devices, digester: digester, lifetimes: lifetimes, now: now)
        let mail = MailQueue(outbox: stores.mailOutbox, sealer: sealer, now: now)
        let notices = AccountNotices(queue: mailer == nil ? nil : mail)
        let spread = AttemptSpread(attempts: stores.attempts, spent: stores.spent, digester: digester, now: now)
        let attempts = AttemptLimiter(
            store: stores.attempts, spread: spread, digester: digester, limiter: limiter, notices: notices,
            audit: audit, now: now)
        let places = places ?? NoPlaces()
        let totp = TOTPFactor(credentials: stores.totpCredentials, sealer: sealer, now: now)
        let totpEnrolment = TOTPEnrolment(
            credentials: stores.totpCredentials, sealer: sealer, digester: digester, settings: settings.totp,
            name: settings.name,
            lifetime: lifetimes.interaction, now: now)
        let recoveryCodes = RecoveryCodeFactor(codes: stores.recoveryCodes, digester: digester, audit: audit)
        let passkeys = PasskeyFactor(
            issuer: issuer, name: settings.name, passkeys: stores.passkeys, users: stores.users,
            ceremonies: PasskeyCeremonies(
                sealer: sealer, browser: browser, spent: stores.spent, lifetime: lifetimes.factor, now: now),
            audit: audit, now: now)
        // Whoever has one of these is not asked for a code by mail.
        let better: [any SecondFactor] = [passkeys, totp]
        let emailCode = EmailCodeFactor(
            others: better, queue: mail, sealer: sealer, spent: stores.spent, browser: browser, audit: audit, now: now)
        let factors = better + (mailer != nil && settings.acceptsEmailCodes ? [emailCode] : []) + [recoveryCodes]
        let access = OpenAccess(stores, now: now)
        let recoveries = AccountRecoveries(
            store: stores.recoveries,
            factors: RecentFactors(
                passkeys: stores.passkeys, totp: stores.totpCredentials, recoveryCodes: stores.recoveryCodes,
                audit: audit),
            access: access, notices: notices, audit: audit, wait: lifetimes.recoveryWait, now: now)
        let signIn = SignIn(
            minimum: settings.minimumContext, factors: factors, entitlements: entitlements, users: stores.users,
            sessions: sessions, devices: devices, digester: digester,
            suspicions: SuspicionCheck(
                rules: settings.suspicion, places: places, devices: stores.devices, spread: spread,
                lifetime: lifetimes.device, now: now),
            audit: audit, notices: notices, recoveries: recoveries, lifetime: lifetimes.factor, now: now)
        let steps = InteractionSteps(clients: clients, signIn: signIn, interactions: interactions)
        let signOut = SignOut(
            issuer: issuer, clients: clients, users: stores.users, sessions: sessions, sealer: sealer,
            browser: browser, formToken: formToken, audit: audit)

        // Mail: without a mailer nothing is offered that needs it.
        let links = MailLinks(issuer: issuer, sealer: sealer, users: stores.users, spent: stores.spent, now: now)
        let mailService = mailer.map { mailer in
            MailService(
                issuer: issuer, outbox: stores.mailOutbox, queue: mail,
                writer: LetterWriter(
                    users: stores.users, links: links, recoveries: stores.recoveries,
                    allowance: MailAllowance(spent: stores.spent, now: now)),
                mailer: mailer, interval: .seconds(1), now: now)
        }

        var signInLinks: [String: Page.Value] = [:]
        if mailer != nil {
            signInLinks["has_links"] = true
            signInLinks["forgot_password_uri"] = .text(issuer.reference("/forgot-password"))
            if settings.signUp == .open { signInLinks["sign_up_uri"] = .text(issuer.reference("/sign-up")) }
        }

        // Programs
        let authenticator = ClientAuthenticator(
            clients: clients, digester: digester, audit: audit,
            assertions: ClientAssertionVerifier(issuer: issuer, sealer: sealer, spent: stores.spent, now: now),
            attempts: ClientAttempts(limiter: limiter, issuer: issuer, now: now))
        let accessTokens = AccessTokenReader(
            issuer: issuer, sealer: sealer, ring: ring, clients: clients, authorizations: stores.authorizations,
            spent: stores.spent, now: now)
        let refresh = RefreshTokenGrant(
            sealer: sealer, lifetimes: lifetimes, resources: resources, users: stores.users,
            sessions: stores.sessions, authorizations: stores.authorizations, audit: audit, now: now)
        let stepUp = StepUp(clients: clients, signIn: signIn, now: now)
        let grants: [any Grant] = [
            AuthorizationCodeGrant(
                sealer: sealer, lifetimes: lifetimes, resources: resources, users: stores.users,
                sessions: stores.sessions, authorizations: stores.authorizations, audit: audit, now: now),
            refresh,
            ClientCredentialsGrant(resources: resources),
        ]

        let tokens = TokenIssuer(
            issuer: issuer, lifetimes: lifetimes, entitlements: entitlements, ring: ring, sealer: sealer, now: now)

        // One's own front ends
        let ownClients = FirstPartyClients(clients: clients, hasBuiltIn: settings.hasBuiltInClient)
        let tokenCookies = TokenCookies(of: issuer, vault)
        let ownSignIn = FirstPartySignIn(
            issuer: issuer, lifetimes: lifetimes, resources: resources, authorizations: stores.authorizations,
            tokens: tokens, cookies: tokenCookies, sealer: sealer, audit: audit, now: now)
        let ownAccess = FirstPartyAccess(
            issuer: issuer, cookies: tokenCookies, clients: ownClients, users: stores.users, accessTokens: accessTokens,
            stepUp: stepUp)

        let endpoints: [any Endpoint] = [
            AuthorizationEndpoint(
                clients: clients, resources: resources, consents: stores.consents, sessions: sessions, signIn: signIn,
                hints: hints, interactions: interactions, steps: steps,
                responder: AuthorizationResponder(
                    issuer: issuer, sealer: sealer, lifetime: lifetimes.authorizationCode, now: now),
                audit: audit, now: now),
            VisitEndpoint(
                sessions: sessions, signIn: signIn, interactions: interactions, steps: steps),
            SignInEndpoint(
                clients: clients, passwords: passwords, passkeys: passkeys, devices: devices, signIn: signIn,
                steps: steps,
                interactions: interactions, formToken: formToken, attempts: attempts, audit: audit,
                links: signInLinks),
            SecondFactorEndpoint(
                clients: clients, factors: factors, devices: devices, signIn: signIn, steps: steps,
                interactions: interactions, formToken: formToken, attempts: attempts, audit: audit),
            PasskeySignInEndpoint(
                passkeys: passkeys, signIn: signIn, steps: steps, interactions: interactions, formToken: formToken,
                audit: audit),
            PasskeyScriptEndpoint(),
            EnrolEndpoint(
                clients: clients, totp: totpEnrolment, passkeys: passkeys, signIn: signIn, steps: steps,
                interactions: interactions, formToken: formToken, attempts: attempts, audit: audit, notices: notices),
            ConsentEndpoint(
                clients: clients, users: stores.users, resources: resources, consents: stores.consents,
                sessions: sessions, interactions: interactions, formToken: formToken, audit: audit, now: now),
            TokenEndpoint(
                authenticator: authenticator, grants: grants, audit: audit, issuer: tokens),
            UserInfoEndpoint(
                issuer: issuer, users: stores.users, entitlements: entitlements, accessTokens: accessTokens,
                stepUp: stepUp),
            IntrospectionEndpoint(
                issuer: issuer, authenticator: authenticator, resources: resources, users: stores.users,
                entitlements: entitlements, authorizations: stores.authorizations, sessions: stores.sessions,
                accessTokens: accessTokens, sealer: sealer, lifetimes: lifetimes, now: now),
            RevocationEndpoint(
                authenticator: authenticator, authorizations: stores.authorizations, spent: stores.spent,
                accessTokens: accessTokens, sealer: sealer, audit: audit, now: now),
            ForwardAuthEndpoint(
                issuer: issuer, clients: clients, sessions: stores.sessions, users: stores.users,
                signIn: signIn, entitlements: entitlements, spent: stores.spent, audit: audit, sealer: sealer,
                lifetimes: lifetimes,
                now: now),
            ForwardSignInEndpoint(
                clients: clients, sessions: sessions, signIn: signIn, interactions: interactions, sealer: sealer,
                lifetimes: lifetimes, now: now),
            LoginEndpoint(
                clients: ownClients, resources: resources, passwords: passwords, devices: devices, attempts: attempts,
                signIn: signIn, outcome: ownSignIn, audit: audit),
            MultiFactorEndpoint(
                clients: ownClients, factors: factors, attempts: attempts, signIn: signIn, outcome: ownSignIn,
                spent: stores.spent, audit: audit, sealer: sealer),
            RefreshEndpoint(
                clients: ownClients, authenticator: authenticator, grant: refresh,
                authorizations: stores.authorizations, outcome: ownSignIn, cookies: tokenCookies, sealer: sealer),
            LogoutEndpoint(
                issuer: issuer, clients: ownClients, accessTokens: accessTokens, authorizations: stores.authorizations,
                sessions: stores.sessions, cookies: tokenCookies, sealer: sealer, audit: audit, now: now),
            SelfEndpoint(access: ownAccess, entitlements: entitlements, cookies: tokenCookies),
            ValidateEndpoint(
                access: ownAccess, clients: ownClients, resources: resources, entitlements: entitlements),
            OpenAPIEndpoint(issuer: issuer),
            EndSessionEndpoint(issuer: issuer, clients: clients, hints: hints, flow: signOut),
            ConfirmSignOutEndpoint(issuer: issuer, sessions: sessions, flow: signOut, formToken: formToken),
            JWKSetEndpoint(ring: ring),
            HealthEndpoint(storage: stores.upkeep, vault: vault),
        ]
        let pages = LinkPages(issuer: issuer, browser: browser, formToken: formToken)
        let requests = MailRequests(queue: mail, digester: digester, now: now)
        let protection = AccountProtection(
            users: stores.users, access: access, passwords: passwords, notices: notices, audit: audit, now: now)
        let interrupted = InterruptedSignIn(of: issuer, interactions: interactions)
        let newAccount = { (purpose: MailLinkPurpose, origin: AccountOrigin) in
            NewAccountEndpoint(
                purpose: purpose, origin: origin, pages: pages, interrupted: interrupted, signIn: signIn,
                steps: steps, links: links, users: stores.users, passwords: passwords, site: settings.name,
                formToken: formToken, audit: audit, now: now)
        }
        let gate = AccountGate(
            sessions: sessions, interactions: interactions, formToken: formToken, recoveries: recoveries,
            lifetime: lifetimes.factor, now: now)
        var accounts: [any Endpoint] = [
            AccountEndpoint(
                gate: gate, totp: stores.totpCredentials, passkeys: stores.passkeys,
                recoveryCodes: stores.recoveryCodes, sessions: stores.sessions, devices: stores.devices,
                consents: stores.consents, clients: clients, recoveries: recoveries,
                activity: RecentActivity(audit: stores.audit, places: places, now: now), places: places,
                hasMail: mailer != nil, now: now),
            ProfileEndpoint(gate: gate, users: stores.users, audit: audit, now: now),
            PasskeysEndpoint(gate: gate, passkeys: passkeys, attempts: attempts, notices: notices),
            AuthenticatorAppsEndpoint(
                gate: gate, enrolment: totpEnrolment, attempts: attempts, notices: notices, audit: audit),
            RecoveryCodesEndpoint(
                gate: gate, factor: recoveryCodes, notices: notices, audit: audit, now: now),
            ChangePasswordEndpoint(gate: gate, protection: protection, site: settings.name, done: pages),
            AccountSessionsEndpoint(gate: gate, access: access, audit: audit),
            AccountRecoveryEndpoint(gate: gate, recoveries: recoveries, done: pages),
            AccountApplicationsEndpoint(
                gate: gate, consents: stores.consents, authorizations: stores.authorizations, audit: audit, now: now),
            PersonalDataEndpoint(
                gate: gate, totp: stores.totpCredentials, passkeys: stores.passkeys, sessions: stores.sessions,
                devices: stores.devices, consents: stores.consents, audit: audit, now: now),
            DeleteAccountEndpoint(gate: gate, users: stores.users, audit: audit, done: pages),
        ]
        if mailer != nil {
            accounts += [
                ForgotPasswordEndpoint(
                    pages: pages, interrupted: interrupted, mail: requests, formToken: formToken, audit: audit),
                ResetPasswordEndpoint(
                    pages: pages, interrupted: interrupted, links: links, protection: protection, site: settings.name,
                    formToken: formToken),
                UnlockEndpoint(
                    pages: pages, links: links, attempts: attempts, recoveries: recoveries, formToken: formToken,
                    audit: audit),
                EmailAddressEndpoint(gate: gate, pages: pages, mail: requests, audit: audit),
                NotMeEndpoint(
                    pages: pages, links: links, protection: protection, recoveries: recoveries, formToken: formToken),
                RecoveryEndpoint(
                    purpose: .recoveryCancel, evidence: .cancellation, pages: pages, links: links,
                    recoveries: recoveries, formToken: formToken),
                RecoveryEndpoint(
                    purpose: .recoveryFinish, evidence: .mailbox, pages: pages, links: links, recoveries: recoveries,
                    formToken: formToken),
                VerifyEmailEndpoint(
                    pages: pages, links: links, users: stores.users, formToken: formToken, audit: audit),
                AgreeToEmailEndpoint(pages: pages, links: links, mail: mail, formToken: formToken),
                NewEmailEndpoint(
                    pages: pages, links: links, users: stores.users, mail: mail, formToken: formToken, audit: audit),
            ]
        }
        accounts.append(
            RegisterEndpoint(
                clients: ownClients, isOpen: settings.signUp == .open, hasMail: mailer != nil, mail: requests,
                users: stores.users, passwords: passwords, site: settings.name, notices: notices, audit: audit,
                now: now))
        if settings.signUp != .off { accounts.append(newAccount(.invitation, .invitation)) }
        if settings.signUp == .open, mailer != nil {
            accounts += [
                SignUpEndpoint(pages: pages, interrupted: interrupted, mail: requests, formToken: formToken),
                newAccount(.signUp, .signUp),
            ]
        }
        let metadata = ServerMetadata(
            issuer: issuer, grantTypes: grants.map(\.type), paths: Set(endpoints.flatMap(\.routes).map(\.path)))

        let all = (endpoints + accounts + [MetadataEndpoint(metadata: metadata, resources: resources)])
            .map { AuditedEndpoint(base: $0, log: audit) }
        #if MARTLET_MUTATIONS
            let tools = MutationTools(
                issuer: issuer, sealer: sealer, ring: ring, clients: clients, accessTokens: accessTokens)
            self.endpoints = all.map { MutatedEndpoint(base: $0, tools: tools) }
        #else
            self.endpoints = all
        #endif
        self.settings = settings
        self.keyRotation = rotation
        self.mail = mail
        self.links = links
        self.mailService = mailService
        let background: [any Service] = [
            StorageWatch(
                upkeep: stores.upkeep, clients: clients, resources: resources, entitlements: entitlements, vault: vault,
                ring: ring,
                interval: .milliseconds(250)),
            Maintenance(
                upkeep: stores.upkeep, rotation: rotation, retention: AuditRetention(log: audit),
                interval: .seconds(60), now: now),
            AuditWriter(log: audit),
        ]
        services = background + [mailService].compactMap(\.self)
    }

    /// A link with which somebody may make an account, once.
    package func invitation(for address: MailAddress) throws -> String {
        try links.url(for: .invitation, address: address)
    }
}
