/// The device authorization grant (RFC 8628), with the guards of RFC 10027.
enum DeviceModules {
    static let all = [
        flow, denied, slowDown, lifetime, parameters, authentication, unregistered, otherClient, race, codes, spelling,
        complete, page, usedCode, guesses, forgedApproval,
    ]

    static let flow = Module(
        "martlet-device-flow",
        ["RFC8628-001", "RFC8628-002", "RFC8628-003", "RFC8628-005", "RFC8628-007", "RFC8628-008", "RFC8628-013"]
    ) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        let polled = ContinuousClock.now
        try await client.isRefused(device, "authorization_pending")
        let arrival = try await client.answer(device)
        trial.check(asksInOrder, arrival.visited)
        // The provider may hold the device to its interval.
        try await Task.sleep(until: polled + .seconds(device.interval + 1))
        let tokens = try await client.redeem(device)
        let request = AuthorizationRequest(client.registration)
        let token = try trial.idToken(tokens)
        let evidence = IDTokenEvidence(
            token: token, issuer: trial.target.issuer, registration: client.registration, request: request,
            accessToken: tokens.accessToken, code: nil, keys: try await trial.keys(), now: trial.now)
        // Nothing carries a nonce or a code here.
        let apart = [IDTokenConditions.hasNonce.name, IDTokenConditions.hasCodeHash.name]
        trial.check(IDTokenConditions.shared.filter { !apart.contains($0.name) }, evidence)
        try await client.isRefused(device, "invalid_grant", "expired_token", section: "RFC 8628 §3.5")
    }

    static let asksInOrder = Condition<[PageKind]>(
        "the user enters the code and is then asked", .failure, "RFC 8628 §3.3", "RFC 8628 §5.4"
    ) { pages in
        let code = pages.firstIndex(of: .deviceCode)
        let question = pages.lastIndex(of: .question)
        return .require(
            code != nil && question != nil && code ?? 0 < question ?? 0, "pages shown: \(pages.map(\.rawValue))")
    }

    static let denied = Module("martlet-device-denied", ["RFC8628-008", "RFC10027-016"]) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        try await client.answer(device, agrees: false)
        try await client.isRefused(device, "access_denied")
    }

    static let slowDown = Module("martlet-device-slow-down", ["RFC8628-008"]) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        try await client.isRefused(device, "authorization_pending")
        try await client.isRefused(device, "slow_down")
    }

    /// An expired code works neither for the device nor for the user.
    static let lifetime = Module(
        "martlet-device-code-lifetime", ["RFC8628-008", "RFC10027-006"]
    ) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        guard device.lifetime <= 150 else {
            throw NotConfigured(what: "device codes that expire within 150 s; these last \(Int(device.lifetime)) s")
        }
        let browser = try await client.signedInBrowser()
        try await Task.sleep(for: .seconds(device.lifetime + 1))
        trial.check(DeviceConditions.asksNothing, try await client.enter(device.userCode, at: device, in: browser))
        try await client.isRefused(device, "expired_token", "invalid_grant")
    }

    static let parameters = Module("martlet-device-parameters", ["RFC8628-001", "RFC8628-007"]) { trial in
        let client = try await DeviceClient(trial)
        _ = try await client.start(adding: [Parameter("unknown", "1")])
        let twice = try await client.request([Parameter("scope", "openid"), Parameter("scope", "openid")])
        trial.check(TokenErrorConditions.refusal(["invalid_request"], "RFC 8628 §3.1"), twice)
        let address = try await trial.metadata().endpoint("device_authorization_endpoint")
        let query = [Parameter("client_id", client.registration.clientID), Parameter("scope", "openid")]
        trial.check(isNotServed, try await trial.send(WebRequest("GET", address.adding(query))))
        let missing = try await trial.token(
            [Parameter("grant_type", DeviceClient.grantType)], as: client.registration)
        trial.check(TokenErrorConditions.refusal(["invalid_request"], "RFC 6749 §5.2"), missing)
        let unknown = try await trial.token(
            [Parameter("grant_type", DeviceClient.grantType), Parameter("device_code", .random())],
            as: client.registration)
        trial.check(TokenErrorConditions.refusal(["invalid_grant", "expired_token"], "RFC 6749 §5.2"), unknown)
    }

    static let isNotServed = Condition<WebAnswer>(
        "the device authorization endpoint accepts only POST", .failure, "RFC 8628 §3.1"
    ) { answer in
        .require((400..<500).contains(answer.status), "GET yields \(answer.status)")
    }

    static let authentication = Module("martlet-device-authentication", ["RFC8628-001", "RFC8628-007"]) { trial in
        let client = try await DeviceClient(trial, .otherDevice)
        let device = try await client.start()
        let address = try await trial.metadata().endpoint("device_authorization_endpoint")
        let name = Parameter("client_id", client.registration.clientID)
        let refusal = TokenErrorConditions.refusal(["invalid_client"], "RFC 8628 §3.1")
        trial.check(refusal, try await trial.send(.form([name, Parameter("scope", "openid")], to: address)))
        try await client.answer(device)
        let form = [Parameter("grant_type", DeviceClient.grantType), Parameter("device_code", device.deviceCode), name]
        let token = try await trial.metadata().endpoint("token_endpoint")
        trial.check(refusal, try await trial.send(.form(form, to: token)))
        try await client.redeem(device)
    }

    /// The grant is off unless the client has registered it.
    static let unregistered = Module("martlet-device-unregistered", ["RFC10027-001"]) { trial in
        let client = try await DeviceClient(trial, .first)
        trial.check(
            TokenErrorConditions.refusal(["unauthorized_client"], "RFC 8628 §3.1"),
            try await client.request([Parameter("scope", "openid")]))
    }

    static let otherClient = Module("martlet-device-code-bound-to-client", ["RFC8628-007"]) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        try await client.answer(device)
        let stolen = try await client.poll(device, as: trial.registration(.otherDevice))
        trial.check(TokenErrorConditions.refusal(["invalid_grant"], "RFC 8628 §3.4"), stolen)
        // The attempt must cost the owner nothing.
        try await client.redeem(device)
    }

    static let race = Module("martlet-device-race", ["RFC8628-007", "RFC10027-007"]) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        try await client.answer(device)
        let answers = try await RaceModules.together(trial) { try await client.poll(device) }
        trial.check(RaceModules.oneWins, answers)
    }

    static let codes = Module(
        "martlet-device-codes", ["RFC8628-009", "RFC8628-010", "RFC8628-012"]
    ) { trial in
        let client = try await DeviceClient(trial, .otherDevice)
        var devices: [DeviceAnswer] = []
        for _ in 0..<10 { devices.append(try await client.start()) }
        trial.check(DeviceConditions.areDistinct, devices)
        trial.check(DeviceConditions.haveNoLookAlikes, devices)
    }

    static let spelling = Module("martlet-device-code-spelling", ["RFC8628-012"]) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        let browser = try await client.signedInBrowser()
        let plain = DeviceConditions.plain(device.userCode)
        for code in [plain.lowercased(), " " + plain.map(String.init).joined(separator: "-")] {
            let page = try await client.enter(code, at: device, in: browser)
            trial.check(DeviceConditions.asks, page)
            trial.check(leadsToQuestion, page)
        }
    }

    static let leadsToQuestion = Condition<ShownPage>(
        "case and separators of user codes do not matter", .warning, "RFC 8628 §6.1"
    ) { page in
        .require(page.forms.contains { $0.kind == .question }, "the code was not found")
    }

    /// Someone else could send the link.
    static let complete = Module("martlet-device-complete-uri", ["RFC8628-004", "RFC8628-006"]) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        guard let address = device.completePage else { throw Skip(reason: "verification_uri_complete is omitted") }
        let browser = try await client.signedInBrowser()
        let arrival = try await browser.visit(WebAddress(address), by: nil)
        guard let page = arrival.page else { throw Misbehaviour("verification_uri_complete leads to no page") }
        trial.check(DeviceConditions.asks, page)
        trial.check(DeviceConditions.shows(device.userCode, "the user code", "RFC 8628 §3.3.1"), page)
        try await client.isRefused(device, "authorization_pending")
    }

    static let page = Module(
        "martlet-device-approval-page", ["RFC8628-011", "RFC10027-015", "RFC10027-016"]
    ) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        let page = try await client.question(device, in: client.signedInBrowser())
        trial.check(DeviceConditions.shows(device.userCode, "the user code", "RFC 8628 §5.4"), page)
        if let name = client.registration.name {
            trial.check(DeviceConditions.shows(name, "the client's name", "RFC 10027 §6.1.14"), page)
        }
        trial.check(DeviceConditions.canBeDenied, page)
        trial.check([WebConditions.isNotFramed, WebConditions.isNotStored], page.answer)
    }

    /// Used and unknown codes look the same.
    static let usedCode = Module("martlet-device-used-code", ["RFC10027-007", "RFC10027-008"]) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        let browser = try await client.signedInBrowser()
        try await client.answer(device, in: browser)
        let used = try await client.enter(device.userCode, at: device, in: browser)
        let unknown = try await client.enter(String(device.userCode.reversed()), at: device, in: browser)
        trial.check(DeviceConditions.asksNothing, used)
        trial.check(DeviceConditions.asksNothing, unknown)
        trial.check(
            saysTheSame, [used, unknown].map { "\($0.answer.status) \(WebConditions.words($0.answer))" })
        try await client.redeem(device)
    }

    static let saysTheSame = Condition<[String]>(
        "a used code and an unknown one get the same response", .failure, "RFC 8628 §5.1"
    ) { texts in
        .require(Set(texts).count == 1, "the responses differ: \(texts)")
    }

    /// As another user than the other modules, because the account is throttled afterward.
    static let guesses = Module("martlet-device-guesses", ["RFC8628-009"]) { trial in
        guard let other = trial.target.otherUser else { throw NotConfigured(what: "the target has no other_user") }
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        let browser = trial.browser()
        _ = try await trial.signIn(trial.request(), in: browser, by: Person(other))
        var accepted = 0
        while accepted <= 30 {
            // A throttled request waits for as long as the provider says.
            let attempt = try? await within(5) {
                try await client.enter(String(device.userCode.shuffled()), at: device, in: browser)
            }
            let isThrottled = trial.log.all.contains { (try? $0.result.get())?.status == 429 }
            guard attempt != nil, !isThrottled else { break }
            accepted += 1
        }
        trial.check(DeviceConditions.isThrottled, accepted)
    }

    /// An approval form shown to one browser must not approve in another.
    static let forgedApproval = Module("martlet-device-forged-approval", ["OIDC-Core-028", "RFC10027-003"]) { trial in
        let client = try await DeviceClient(trial)
        let device = try await client.start()
        let page = try await client.question(device, in: client.signedInBrowser())
        guard let form = page.forms.first(where: { $0.kind == .question }),
            let action = page.address.resolving(form.action),
            let values = form.filled(by: trial.person(), trial.target.pages ?? PageHabits(), at: trial.now)
        else { throw Misbehaviour("the page with the question has no form") }
        let victim = try await client.signedInBrowser()
        for isCrossSite in [true, false] {
            var request = WebRequest.form(values, to: action)
            request.isCrossSite = isCrossSite
            _ = try await victim.visit(request, by: nil)
        }
        try await client.isRefused(device, "authorization_pending", section: "RFC 8628 §5.4")
    }
}
