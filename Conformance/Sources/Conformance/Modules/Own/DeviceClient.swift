/// A device that its user connects in a browser (RFC 8628).
struct DeviceClient: Sendable {
    static let grantType = "urn:ietf:params:oauth:grant-type:device_code"

    let trial: Trial
    let registration: Registration

    /// Throws `NotConfigured` if the target lacks the client, `Skip` if the provider has no endpoint.
    init(_ trial: Trial, _ role: Role = .device) async throws {
        guard try await trial.metadata()["device_authorization_endpoint"] != nil else {
            throw Skip(reason: "the metadata has no device_authorization_endpoint")
        }
        self.trial = trial
        registration = try trial.registration(role)
    }

    // The device

    /// Requests codes and checks the response.
    func start(scope: String = "openid", adding more: [Parameter] = []) async throws -> DeviceAnswer {
        let answer = DeviceAnswer(answer: try await request([Parameter("scope", scope)] + more))
        try trial.require(DeviceConditions.succeeds, answer)
        trial.check(Array(DeviceConditions.shared.dropFirst()), answer)
        return answer
    }

    func request(_ form: [Parameter]) async throws -> WebAnswer {
        let endpoint = try await trial.metadata().endpoint("device_authorization_endpoint")
        return try await trial.post(form, to: endpoint, as: registration)
    }

    func poll(_ device: DeviceAnswer, as registration: Registration? = nil) async throws -> WebAnswer {
        try await trial.token(
            [Parameter("grant_type", Self.grantType), Parameter("device_code", device.deviceCode)],
            as: registration ?? self.registration)
    }

    /// Checks that a poll fails with one of `codes`.
    func isRefused(_ device: DeviceAnswer, _ codes: String..., section: String = "RFC 8628 §3.5") async throws {
        trial.check(TokenErrorConditions.refusal(codes, section), try await poll(device))
    }

    /// Redeems the code once its user has approved.
    @discardableResult
    func redeem(_ device: DeviceAnswer, scope: String = "openid") async throws -> TokenAnswer {
        let tokens = TokenAnswer(grantType: Self.grantType, scope: scope, answer: try await poll(device))
        try trial.require(TokenConditions.succeeds, tokens)
        trial.check(Array(TokenConditions.shared.dropFirst()), tokens)
        return tokens
    }

    // The user

    /// A user who enters `code`.
    func person(entering code: String, agrees: Bool = true) -> Person {
        var person = trial.person(agrees: agrees)
        person.userCode = code
        return person
    }

    /// Goes to the page, signs in, enters the code and answers.
    @discardableResult
    func answer(
        _ device: DeviceAnswer, code: String? = nil, agrees: Bool = true, in browser: Browser? = nil
    ) async throws -> Arrival {
        try await (browser ?? trial.browser()).visit(
            WebAddress(device.page), by: person(entering: code ?? device.userCode, agrees: agrees))
    }

    /// Returns the page that asks a signed-in user about the device.
    func question(_ device: DeviceAnswer, code: String? = nil, in browser: Browser) async throws -> ShownPage {
        let shown = try await enter(code ?? device.userCode, at: device, in: browser)
        guard shown.forms.contains(where: { $0.kind == .question }) else {
            throw Misbehaviour("no page asks the user about the device")
        }
        return shown
    }

    /// Enters a code as a signed-in user, and returns the page that follows.
    func enter(_ code: String, at device: DeviceAnswer, in browser: Browser) async throws -> ShownPage {
        let arrival = try await browser.visit(
            WebRequest("GET", WebAddress(device.page)), by: person(entering: code), submissions: 1)
        guard arrival.visited == [.deviceCode], let page = arrival.page else {
            throw Misbehaviour("the verification page does not ask a signed-in user for the code")
        }
        return page
    }

    /// Returns a browser in which the user is signed in.
    func signedInBrowser() async throws -> Browser {
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser)
        return browser
    }
}

/// A response of the device authorization endpoint (RFC 8628 §3.2).
struct DeviceAnswer: Sendable {
    let answer: WebAnswer

    subscript(name: String) -> JSON? { answer.json?[name] }
    var deviceCode: String { self["device_code"]?.string ?? "" }
    var userCode: String { self["user_code"]?.string ?? "" }
    var page: String { self["verification_uri"]?.string ?? "" }
    var completePage: String? { self["verification_uri_complete"]?.string }
    /// In seconds.
    var interval: Double { self["interval"]?.number ?? 5 }
    var lifetime: Double { self["expires_in"]?.number ?? 0 }
}
