import FoundationEssentials

/// Checks the sign-in behind an access token against the current requirements, which may have become stricter since the
/// token was issued (RFC 9470 §1).
struct StepUp: Sendable {
    let clients: any ClientStore
    let signIn: SignIn
    let now: @Sendable () -> Date

    init(_ core: Core, signIn: SignIn) {
        clients = core.clients
        self.signIn = signIn
        now = core.now
    }

    /// Throws the challenge of RFC 9470 §3 unless the sign-in satisfies the minimum of the issuer, the client and the
    /// user's roles, and `asked`, the demand of the resource itself.
    func require(_ asked: AuthenticationDemand = AuthenticationDemand(), of person: AuthenticatedBearer.Person)
        async throws
    {
        let granted = person.granted
        let client = try await clients.find(granted.client)
        let minimum = try await signIn.policy(toward: SignIn.Destination(client: client), by: person.user).minimum
        // The resource's demand concerns the factors that were shown. For the minimum, a trusted browser also counts.
        var unmet = asked.unmet(by: granted.context, at: granted.authenticatedAt, now: now())
        if granted.satisfied < minimum { unmet.context = max(unmet.context ?? minimum, minimum) }
        guard unmet.isEmpty else {
            Decision.note(
                """
                The sign-in behind the token was \(granted.context.rawValue); \
                \(unmet.context.map { "\($0.rawValue) is required" } ?? "it was too long ago") (RFC 9470 §3).
                """)
            throw OAuthError.insufficientAuthentication(unmet)
        }
    }
}
