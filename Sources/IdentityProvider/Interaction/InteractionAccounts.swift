/// Decides which of the browser's accounts an interaction goes on with.
///
/// A hint selects an account for its interaction only. Otherwise a link on any website could change who is signed in
/// under the user's hands. Only the user changes the current account: in the account chooser, or by signing in.
struct InteractionAccounts: Sendable {
    private let accounts: BrowserAccounts
    private let users: any UserStore
    private let clients: CachedClients
    private let consents: any ConsentStore

    init(_ core: Core) {
        accounts = BrowserAccounts(core)
        users = core.stores.users
        clients = core.clients
        consents = core.stores.consents
    }

    struct Account: Sendable {
        let session: Session
        let user: User
    }

    enum Selection: Sendable {
        case account(Account)
        /// Accounts are signed in, and the user must choose one of them or another.
        case undecided
        /// The user must sign in, or sign up.
        case none

        var account: Account? { if case .account(let account) = self { account } else { nil } }
        var isUndecided: Bool { if case .undecided = self { true } else { false } }
    }

    /// Returns the account that `interaction` goes on with, whose session counts as used.
    func selection(for interaction: Interaction, _ request: Request) async throws -> Selection {
        guard !interaction.mustSignUp, interaction.addsAccount != true else { return .none }
        guard !interaction.mustSelectAccount else { return try await choice(for: interaction, request) }
        if interaction.isForClient, let chosen = interaction.account {
            // If it has been signed out since, no other account answers in its place.
            let account = try await account(chosen, for: interaction, request)
            guard let account else { return try await choice(for: interaction, request) }
            return .account(account)
        }
        let current = try await current(for: interaction, request)
        // The common case. The other sessions aren't read.
        if let current, interaction.suits(current.user) { return .account(current) }
        let others = try await others(for: interaction, request)
        guard !others.isEmpty else { return current.map(Selection.account) ?? .none }
        if interaction.isSilent { return try await silent(interaction, current, others, request) }
        if interaction.isHinting, let hinted = others.first(where: { interaction.suits($0.user) }) {
            return try await use(hinted, request)
        }
        let offered = ([current].compactMap(\.self) + others).filter { interaction.isFor($0.user.id) }
        guard offered.isEmpty else { return .undecided }
        return current.map(Selection.account) ?? .none
    }

    /// Returns the user whose account was chosen during the interaction.
    func chosen(in interaction: Interaction, _ request: Request) async throws -> User? {
        guard let chosen = interaction.account else { return nil }
        return try await account(chosen, for: interaction, request)?.user
    }

    /// Returns the accounts that the chooser offers, the current one first: those that the response may be about.
    func offered(for interaction: Interaction, _ request: Request) async throws -> [Account] {
        let current = try await current(for: interaction, request)
        let others = try await others(for: interaction, request)
        return ([current].compactMap(\.self) + others).filter { interaction.isFor($0.user.id) }
    }

    /// Without a page, a hint finds only users who have consented to the client. Otherwise a client could learn with
    /// hints, or from the time that they take, who else is signed in in the browser.
    private func silent(
        _ interaction: Interaction, _ current: Account?, _ others: [Account], _ request: Request
    ) async throws -> Selection {
        if interaction.isHinting {
            var known: [Account] = []
            for account in others where try await isKnown(account.user, to: interaction) { known.append(account) }
            if let hinted = known.first(where: { interaction.suits($0.user) }) { return try await use(hinted, request) }
            return current.map(Selection.account) ?? .none
        }
        return current.map(Selection.account) ?? .undecided
    }

    /// Whether the client may learn that the user is signed in.
    private func isKnown(_ user: User, to interaction: Interaction) async throws -> Bool {
        guard case .authorization(let request) = interaction.purpose,
            let client = try await clients.find(request.client)
        else { return false }
        if client.skipsConsent { return true }
        guard client.remembersConsent(at: request.redirect) else { return false }
        return try await consents.find(user: user.id, client: client.id) != nil
    }

    private func choice(for interaction: Interaction, _ request: Request) async throws -> Selection {
        try await offered(for: interaction, request).isEmpty ? .none : .undecided
    }

    /// Returns the account whose session was only looked at so far. It may have ended since, or idled out.
    private func use(_ account: Account, _ request: Request) async throws -> Selection {
        guard let session = try await accounts.find(account.session.id, in: request) else { return .none }
        Decision.note("The hint selects another account of the browser for this request.")
        return .account(Account(session: session, user: account.user))
    }

    private func account(
        _ id: Identifier<Session>, for interaction: Interaction, _ request: Request
    ) async throws -> Account? {
        guard let session = try await accounts.find(id, in: request) else { return nil }
        return try await admitted([session], for: interaction).first
    }

    private func current(for interaction: Interaction, _ request: Request) async throws -> Account? {
        guard let session = try await accounts.current(request)?.session else { return nil }
        return try await admitted([session], for: interaction).first
    }

    private func others(for interaction: Interaction, _ request: Request) async throws -> [Account] {
        try await admitted(accounts.others(request).map(\.session), for: interaction)
    }

    /// Returns the accounts of enabled users, without sessions that rest on an upstream that the client doesn't list.
    private func admitted(_ sessions: [Session], for interaction: Interaction) async throws -> [Account] {
        let client: Client? = if let id = interaction.client { try await clients.find(id) } else { nil }
        let destination = SignIn.Destination(client: client)
        var admitted: [Account] = []
        for session in sessions {
            guard let user = try await users.findEnabled(session.user) else { continue }
            guard destination.admits(session) else {
                Decision.note("The session does not count: the client does not list its upstream.")
                continue
            }
            admitted.append(Account(session: session, user: user))
        }
        return admitted
    }
}
