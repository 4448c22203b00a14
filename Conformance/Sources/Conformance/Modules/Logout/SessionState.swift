import Crypto

/// A `session_state` as a client keeps it, and what the frame of the provider finds out about it.
struct SessionState: Sendable {
    enum Answer: String, Sendable { case changed, unchanged, error }

    let text: String
    let client: String
    /// The origin of the client's redirect URI.
    let origin: String

    /// Returns what the script of the frame answers to the client in a browser whose state is `browserState`, by the
    /// example in OpenID Connect Session Management §3.2. The hash may be in hex or base64url.
    func answer(in browserState: String?) -> Answer {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, !text.contains(" ") else { return .error }
        let message = "\(client) \(origin) \(browserState ?? "") \(parts[1])"
        let hash = SHA256.hash(data: Array(message.utf8))
        let hex = hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return [hex, Base64URL.encode(hash)].contains(String(parts[0])) ? .unchanged : .changed
    }

    var salt: String { String(text.split(separator: ".").last ?? "") }
}

/// The steps of a client that uses session management.
struct SessionManagement: Sendable {
    let trial: Trial
    let registration: Registration
    private let cookie: String

    /// Throws `NotConfigured` if the target lacks the client or the name of the cookie.
    init(_ trial: Trial) throws {
        guard let cookie = trial.target.pages?.sessionStateCookie else {
            throw NotConfigured(what: "the target has no session_state_cookie in \"pages\"")
        }
        self.trial = trial
        self.cookie = cookie
        registration = try trial.registration(.sessionManagement)
    }

    var origin: String { WebAddress(registration.redirectURIs.first ?? "").origin }

    func state(in answer: AuthorizationAnswer) -> SessionState {
        SessionState(text: answer["session_state"] ?? "", client: registration.clientID, origin: origin)
    }

    func signIn(in browser: Browser, by person: Person? = nil, prompt: String? = nil) async throws -> SignedIn {
        var request = try trial.request(.sessionManagement)
        request["prompt"] = prompt
        let signedIn = try await trial.signIn(request, in: browser, by: person)
        trial.check(SessionConditions.shared, signedIn.answer)
        return signedIn
    }

    /// Loads the frame as a page of the client would, and returns what its script answers.
    func ask(_ state: SessionState, in browser: Browser) async throws -> SessionState.Answer {
        let address = try await trial.metadata().endpoint("check_session_iframe")
        return state.answer(in: browser.cookieForScripts(cookie, at: address))
    }

    /// Loads the frame in a page at `origin`.
    func frame(at origin: String, in browser: Browser) async throws -> FrameEvidence {
        let address = try await trial.metadata().endpoint("check_session_iframe")
        let answer = try await browser.send(
            WebRequest("GET", address, headers: [Parameter("Referer", "\(origin)/")]))
        return FrameEvidence(answer: answer, origin: origin)
    }
}

/// The page of `check_session_iframe` and the origin of the page around it.
struct FrameEvidence: Sendable {
    let answer: WebAnswer
    let origin: String
}

/// Conditions on session management (OpenID Connect Session Management §2, §3).
enum SessionConditions {
    static let shared = [hasState, hasNoSpace]

    static let hasState = Condition<AuthorizationAnswer>(
        "the response has session_state", .failure, "OpenID Connect Session Management §2"
    ) { answer in
        .require(answer["session_state"]?.isEmpty == false, "it is missing")
    }

    static let hasNoSpace = Condition<AuthorizationAnswer>(
        "session_state contains no space", .failure, "OpenID Connect Session Management §2"
    ) { answer in
        .require(answer["session_state"]?.contains(" ") != true, "it contains a space")
    }

    static func answers(_ expected: SessionState.Answer, _ when: String) -> Condition<SessionState.Answer> {
        Condition("the frame answers \(expected.rawValue) \(when)", .failure, "OpenID Connect Session Management §3.2")
        {
            .require($0 == expected, "it answers \($0.rawValue)")
        }
    }

    static let isPage = Condition<FrameEvidence>(
        "check_session_iframe is an HTML page", .failure, "OpenID Connect Session Management §3.2"
    ) { frame in
        .require(
            frame.answer.status == 200 && frame.answer.mediaType == "text/html",
            "it is \(frame.answer.status) \(frame.answer.mediaType)")
    }

    static let canBeFramed = Condition<FrameEvidence>(
        "the client may frame check_session_iframe", .failure, "OpenID Connect Session Management §3.2"
    ) { frame in
        if let option = frame.answer.header("X-Frame-Options") { return .broken("X-Frame-Options is \(option)") }
        return .require(
            ContentPolicy(frame.answer).allows(frame.origin, in: "frame-ancestors") != false,
            "frame-ancestors forbids \(frame.origin)")
    }

    /// Any other page could ask the frame questions as well (§5).
    static let cannotBeFramed = Condition<FrameEvidence>(
        "a page that is no client's may not frame check_session_iframe", .failure,
        "OpenID Connect Session Management §3.2"
    ) { frame in
        .require(
            ContentPolicy(frame.answer).allows(frame.origin, in: "frame-ancestors") == false,
            "frame-ancestors allows \(frame.origin)")
    }

    /// Otherwise two clients could tell that the same person is using both.
    static let areSalted = Condition<[SessionState]>(
        "every response has another session_state", .failure, "OpenID Connect Session Management §3.2"
    ) { states in
        .require(
            Set(states.map(\.text)).count == states.count && Set(states.map(\.salt)).count == states.count,
            "a value or salt is repeated")
    }
}
