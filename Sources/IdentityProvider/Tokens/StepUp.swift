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

    /// Throws the challenge of RFC 9470 §3, in the scheme of the token, unless the sign-in satisfies the minimum of the
    /// issuer, the client, the user's roles and the `application` that the token is used for, and `asked`, the demand of
    /// the resource itself.
    func require(
        _ asked: AuthenticationDemand = AuthenticationDemand(), of person: AuthenticatedBearer.Person,
        at application: Client? = nil, as scheme: AuthenticationScheme
    ) async throws {
        let granted = person.granted
        let client = try await clients.find(granted.client)
        var minimum = try await signIn.policy(toward: SignIn.Destination(client: client), by: person.user).minimum
        if let own = application?.minimumContext { minimum = max(minimum, own) }
        // The resource's demand concerns the factors that were shown. For the minimum, a trusted browser also counts.
        var unmet = asked.unmet(by: granted.context, at: granted.authenticatedAt, now: now())
        if granted.satisfied < minimum { unmet.context = max(unmet.context ?? minimum, minimum) }
        guard unmet.isEmpty else {
            Decision.note(
                """
                The sign-in behind the token was \(granted.context.rawValue); \
                \(unmet.context.map { "\($0.rawValue) is required" } ?? "it was too long ago") (RFC 9470 §3).
                """)
            throw OAuthError.insufficientAuthentication(unmet, as: scheme)
        }
    }
}
