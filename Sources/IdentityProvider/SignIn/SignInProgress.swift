import FoundationEssentials

/// The factors shown so far in an unfinished sign-in. The browser or ticket carries it sealed.
struct SignInProgress: Codable, Sendable {
    /// The step that remains.
    enum Next: Codable, Hashable, Sendable {
        case show([Factor])
        case enrol([Factor])

        private enum CodingKeys: String, CodingKey { case show, enrol }
        private enum ShowCodingKeys: String, CodingKey { case _0 }
        private enum EnrolCodingKeys: String, CodingKey { case _0 }
    }

    let user: Identifier<User>
    var shown: [ShownFactor]
    /// When the first factor was shown.
    let startedAt: Date
    /// Changes with the user's password, which voids the progress.
    let stamp: String
    /// The user's session generation when the first factor was shown, so that signing out everywhere voids the
    /// progress. `nil` only in values sealed by earlier versions.
    var generation: Int?
    /// When the session to step up began; `nil` for a new sign-in. Stepping up does not renew the time of the original
    /// sign-in.
    var authenticatedAt: Date?
    /// The session to step up. `nil` for a new sign-in, and in values sealed by earlier versions.
    var session: Identifier<Session>?
    /// The risk as assessed at the first factor. `nil` only in values sealed by earlier versions.
    var risk: RiskAssessment?
    var next: Next

    private enum CodingKeys: String, CodingKey {
        case user, shown, startedAt, stamp, generation, authenticatedAt, session, next
        case risk = "suspicion"
    }

    /// Returns whether this progress steps up `session`.
    func strengthens(_ session: Session?) -> Bool {
        guard let session, session.user == user else { return false }
        return self.session.map { $0 == session.id } ?? true
    }
}

extension SignInProgress: Digested {
    static let digestLabel = "SignInProgress"
}
