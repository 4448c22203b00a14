import FoundationEssentials

/// Holds the sign-in behind an access token against the rules as they are now: they may have been raised since it was
/// issued (RFC 9470 §1).
struct StepUp: Sendable {
    let clients: any ClientStore
    let signIn: SignIn
    let now: @Sendable () -> Date

    init(_ core: Core, signIn: SignIn) {
        clients = core.clients
        self.signIn = signIn
        now = core.now
    }

    /// Throws the challenge of RFC 9470 §3 where the sign-in behind the token is not enough for what issuer, client and roles
    /// of the user demand, or for `asked`, which the resource demands by itself.
    func require(_ asked: AuthenticationDemand = AuthenticationDemand(), of person: AuthenticatedBearer.Person)
        async throws
    {
        let granted = person.granted
        let client = try await clients.find(granted.client)
        let minimum = try await signIn.policy(toward: SignIn.Destination(client: client), by: person.user).minimum
        // What the token says is what was shown; where the rules hold, a remembered browser stands in for it.
        var unmet = asked.unmet(by: granted.context, at: granted.authenticatedAt, now: now())
        if granted.satisfied < minimum { unmet.context = max(unmet.context ?? minimum, minimum) }
        guard unmet.isEmpty else {
            Decision.note(
                """
                The sign-in behind the token was \(granted.context.rawValue); \
                \(unmet.context.map { "\($0.rawValue) is needed" } ?? "it was too long ago") (RFC 9470 §3).
                """)
            throw OAuthError.insufficientAuthentication(unmet)
        }
    }
}
