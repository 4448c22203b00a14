/// A client of the target that gets logout tokens (OpenID Connect Back-Channel Logout §2.5).
struct BackChannelClient: Sendable {
    let trial: Trial
    let role: Role
    let receiver: Receiver
    private let path: String

    /// Throws `NotConfigured` if the target lacks the client or the receiver.
    init(_ trial: Trial, _ role: Role = .backChannel) throws {
        guard let uri = try trial.registration(role).backChannelLogoutURI else {
            throw NotConfigured(what: "the client \"\(role.rawValue)\" needs a backchannel_logout_uri")
        }
        self.trial = trial
        self.role = role
        receiver = try trial.listening()
        path = WebAddress(uri).path
    }

    /// Signs in at this client.
    func signIn(in browser: Browser, scope: String = "openid") async throws -> SignedIn {
        try await trial.signIn(trial.request(role, scope: scope), in: browser)
    }

    /// Returns whether the request is the notice of the end of a session. Requests that don't say which session they are
    /// about count for every one, so that faulty tokens are found.
    func isNotice(of signedIn: SignedIn) -> @Sendable (Received) -> Bool {
        let (path, session, subject) = (path, signedIn.session, signedIn.subject)
        return { request in
            guard request.path == path else { return false }
            guard let token = try? JWS(request.form["logout_token"] ?? ""), let named = token.claims["sid"]?.string
            else {
                return (try? JWS(request.form["logout_token"] ?? ""))?.claims["sub"]?.string ?? subject == subject
            }
            return named == session
        }
    }

    /// Waits for `count` notices of the end of the session, and returns them.
    func notices(_ count: Int = 1, of signedIn: SignedIn, within seconds: Double = 30) async throws
        -> [LogoutTokenEvidence]
    {
        let keys = try await trial.keys()
        let received = try await trial.receive(count, within: seconds, where: isNotice(of: signedIn))
        return received.map {
            LogoutTokenEvidence(
                request: $0, signedIn: signedIn, issuer: trial.target.issuer, keys: keys, now: trial.now)
        }
    }

    /// Waits for the notice of the end of the session, and checks it.
    @discardableResult
    func isNotified(of signedIn: SignedIn) async throws -> LogoutTokenEvidence {
        let evidence = try await notices(of: signedIn)[0]
        trial.check(LogoutTokenConditions.shared, evidence)
        return evidence
    }

    /// Signs in and out with a new browser and waits for that notice. Requests that the provider should not send would
    /// have arrived before it.
    func fence() async throws {
        let browser = trial.browser()
        let signedIn = try await signIn(in: browser)
        try await trial.signOut(signedIn, in: browser)
        _ = try await notices(of: signedIn)
    }
}

extension Trial {
    /// Waits until the provider has sent `count` requests that `isWanted` picks. Records and returns them. Throws
    /// `Misbehaviour` if they don't arrive in time.
    func receive(
        _ count: Int = 1, within seconds: Double = 30, where isWanted: @Sendable (Received) -> Bool
    ) async throws -> [Received] {
        let receiver = try listening()
        let start = ContinuousClock.now
        while true {
            let found = receiver.requests(where: isWanted)
            guard found.count < count else {
                let received = Array(found.prefix(count))
                for request in received { record(request, since: start) }
                return received
            }
            guard ContinuousClock.now < start + .seconds(seconds) else {
                throw Misbehaviour("\(found.count) of \(count) expected requests arrived within \(Int(seconds)) s")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Adds a request of the provider to the log.
    private func record(_ request: Received, since start: ContinuousClock.Instant) {
        let address = WebAddress((target.receiver?.url ?? "") + request.target)
        log.record(
            WebRequest(request.method, address, headers: request.headers, body: request.body),
            .success(WebAnswer(status: 200)), since: start)
    }
}
