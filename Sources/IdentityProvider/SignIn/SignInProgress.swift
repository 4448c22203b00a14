import FoundationEssentials

/// What somebody has shown on the way to a session, sealed until it is enough.
struct SignInProgress: Codable, Sendable {
    /// What is still to do.
    enum Next: Codable, Hashable, Sendable {
        case show([Factor])
        case enrol([Factor])

        private enum CodingKeys: String, CodingKey { case show, enrol }
        private enum ShowCodingKeys: String, CodingKey { case _0 }
        private enum EnrolCodingKeys: String, CodingKey { case _0 }
    }

    let user: Identifier<User>
    var shown: [ShownFactor]
    /// When the first of them was shown.
    let startedAt: Date
    /// Changes with the person's password: what was shown before counts no more.
    let stamp: String
    /// Of the person when the first factor was shown: a sign-out of everywhere voids it, too. `nil` only in what a version of
    /// before sealed.
    var generation: Int?
    /// When the session began that is strengthened; `nil` for a sign-in of its own. What was shown then grows no younger
    /// by what is shown now.
    var authenticatedAt: Date?
    /// The session that is strengthened. `nil` for a sign-in of its own, and in what an earlier version sealed.
    var session: Identifier<Session>?
    /// As it was judged at the first factor: `nil` only in what a version of before sealed.
    var risk: RiskAssessment?
    var next: Next

    private enum CodingKeys: String, CodingKey {
        case user, shown, startedAt, stamp, generation, authenticatedAt, session, next
        case risk = "suspicion"
    }

    /// Whether what was shown strengthens `session`.
    func strengthens(_ session: Session?) -> Bool {
        guard let session, session.user == user else { return false }
        return self.session.map { $0 == session.id } ?? true
    }
}

extension SignInProgress: Digested {
    static let digestLabel = "SignInProgress"
}
