/// Shared signals (OpenID SSF 1.0, RFC 8935, RFC 8936, OpenID CAEP 1.0).
enum SignalModules {
    static let all = [
        metadata, stream, access, push, poll, longPoll, pollErrors, sessionRevoked, subjects, strangers, paused, retry,
        refusal, disabled,
    ]

    static let metadata = Module(
        "martlet-ssf-metadata",
        ["SSF-001", "SSF-002", "SSF-003", "SSF-004", "SSF-005", "SSF-006", "SSF-007", "CAEP-013", "CAEP-015"]
    ) { trial in
        let metadata = try await TransmitterMetadata(trial)
        trial.check(TransmitterConditions.shared + [TransmitterConditions.namesIssuer(trial.target.issuer)], metadata)
        trial.check(KeySetConditions.shared, try await trial.send(WebRequest("GET", try metadata.endpoint("jwks_uri"))))
    }

    static let stream = Module(
        "martlet-ssf-stream", ["SSF-017", "SSF-018", "SSF-019", "SSF-020", "SSF-021"]
    ) { trial in
        let receiver = try await EventReceiver(trial)
        try await receiver.withStream(.poll, events: SecurityEvents.all + ["https://example.com/unknown"]) { stream in
            let id = Parameter("stream_id", stream.id)
            let second = try await receiver.send("POST", "configuration_endpoint", receiver.wanted(.poll))
            trial.check(isAnother(than: stream.id), second)
            trial.check(
                isListed(stream.id), try await receiver.send("GET", "configuration_endpoint"))
            let changed = try await receiver.send(
                "PATCH", "configuration_endpoint", ["stream_id": .string(stream.id), "description": "Changed"])
            trial.check(isChanged, changed)
            let wrong = try await receiver.send(
                "PATCH", "configuration_endpoint", ["stream_id": .string(stream.id), "iss": "https://other.example"])
            trial.check(
                StreamConditions.isRefused(400, "another value of a transmitter's member", "OpenID SSF §8.1.1.3"), wrong
            )
            _ = try await receiver.send("DELETE", "configuration_endpoint", query: [id])
            trial.check(
                StreamConditions.isRefused(404, "a deleted stream", "OpenID SSF §8.1.1.2"),
                try await receiver.send("GET", "configuration_endpoint", query: [id]))
        }
    }

    static func isAnother(than id: String) -> Condition<WebAnswer> {
        Condition("a second stream is new, or refused with 409", .failure, "OpenID SSF §8.1.1.1") { answer in
            let isNew = answer.status == 201 && answer.json?["stream_id"]?.string != id
            return .require(isNew || answer.status == 409, "the response is \(answer.status)")
        }
    }

    static func isListed(_ id: String) -> Condition<WebAnswer> {
        Condition("the receiver's streams are a list", .failure, "OpenID SSF §8.1.1.2") { answer in
            let streams = answer.json?.array?.compactMap { $0["stream_id"]?.string }
            return .require(streams?.contains(id) == true, "it has \(streams?.count ?? 0) streams")
        }
    }

    /// What PATCH leaves out stays.
    static let isChanged = Condition<WebAnswer>(
        "PATCH changes only the members that it has", .failure, "OpenID SSF §8.1.1.3"
    ) { answer in
        .require(
            answer.status == 200 && answer.json?["description"]?.string == "Changed"
                && answer.json?["events_requested"]?.array?.isEmpty == false,
            "the response is \(answer.status): \(answer.json?.text ?? "")")
    }

    static let access = Module("martlet-ssf-access", ["SSF-016", "SSF-022", "RFC8936-009"]) { trial in
        let receiver = try await EventReceiver(trial)
        let other = try await EventReceiver(trial, .otherEventReceiver)
        let reading = try await EventReceiver(trial, scope: "ssf.read")
        try await receiver.withStream(.poll, events: SecurityEvents.quiet) { stream in
            let id = Parameter("stream_id", stream.id)
            let configuration = try receiver.metadata.endpoint("configuration_endpoint")
            trial.check(StreamConditions.challenges, try await trial.send(WebRequest("GET", configuration)))
            let unknown = StreamConditions.isRefused(404, "another receiver's stream", "OpenID SSF §8")
            trial.check(unknown, try await other.send("GET", "configuration_endpoint", query: [id]))
            trial.check(unknown, try await other.send("GET", "status_endpoint", query: [id]))
            trial.check(unknown, try await other.send("DELETE", "configuration_endpoint", query: [id]))
            trial.check(
                unknown,
                try await other.send("POST", "verification_endpoint", ["stream_id": .string(stream.id), "state": "x"]))
            let address = WebAddress(stream["delivery"]?["endpoint_url"]?.string ?? "")
            trial.check(unknown, try await other.send("POST", address, ["returnImmediately": true]))
            let status: JSON = ["stream_id": .string(stream.id), "status": "paused"]
            trial.check(unknown, try await other.send("POST", "status_endpoint", status))
            trial.check(
                StreamConditions.isRefused(403, "a token that may only read", "CAEP Interoperability Profile §2.7"),
                try await reading.send("POST", "status_endpoint", status))
            trial.check(
                StreamConditions.hasStatus("enabled"),
                try await receiver.send("GET", "status_endpoint", query: [id]))
        }
    }

    static let push = Module(
        "martlet-ssf-push",
        [
            "SSF-008", "SSF-009", "SSF-010", "SSF-011", "SSF-012", "SSF-014", "SSF-015", "SSF-024", "SSF-025",
            "RFC8417-001", "RFC8417-002", "RFC8417-004", "RFC8935-001", "CAEP-014",
        ]
    ) { trial in
        let receiver = try await EventReceiver(trial)
        try await receiver.withStream(.push, events: SecurityEvents.quiet) { stream in
            let state = try await stream.verify()
            let event = try await stream.pushed { $0.verifies(state) }[0]
            trial.check(isAboutStream(stream.id), event)
        }
    }

    static func isAboutStream(_ id: String) -> Condition<SecurityEventEvidence> {
        Condition("sub_id of a verification is the stream", .failure, "OpenID SSF §8.1.4.1") { event in
            let subject = event.claims["sub_id"]
            return .require(
                subject?["format"]?.string == "opaque" && subject?["id"]?.string == id,
                "it is \(subject?.text ?? "missing")")
        }
    }

    static let poll = Module(
        "martlet-ssf-poll", ["RFC8936-001", "RFC8936-002", "RFC8936-004", "RFC8936-005", "SSF-024"]
    ) { trial in
        let receiver = try await EventReceiver(trial)
        try await receiver.withStream(.poll, events: SecurityEvents.quiet) { stream in
            let states = [try await stream.verify(), try await stream.verify()]
            let first = try await stream.poll(["returnImmediately": true, "maxEvents": 1])
            trial.check(PollConditions.shared + [PollConditions.keepsLimit], first)
            // What was not acknowledged comes again.
            var found: [SecurityEventEvidence] = []
            for state in states { found.append(try await stream.polled { $0.verifies(state) }) }
            let identifiers = found.compactMap { $0.claims["jti"] }
            let none = try await stream.poll([
                "returnImmediately": true, "maxEvents": 0, "ack": .array(identifiers),
            ])
            trial.check(PollConditions.shared + [PollConditions.isEmpty], none)
            trial.check(PollConditions.isEmpty, try await stream.poll())
        }
    }

    static let longPoll = Module("martlet-ssf-long-poll", ["RFC8936-003"]) { trial in
        let receiver = try await EventReceiver(trial)
        try await receiver.withStream(.poll, events: SecurityEvents.quiet) { stream in
            let start = ContinuousClock.now
            async let waiting = stream.poll([:])
            try await Task.sleep(for: .seconds(1.5))
            _ = try await stream.verify()
            let answer = try await waiting
            trial.check(PollConditions.waits(1.5), (ContinuousClock.now - start).seconds)
            trial.check(PollConditions.shared + [hasEvent], answer)
        }
    }

    static let hasEvent = Condition<WebAnswer>("the event ends the wait", .failure, "RFC 8936 §2.5") { answer in
        .require(answer.json?["sets"]?.object?.isEmpty == false, "the response has no event")
    }

    static let pollErrors = Module("martlet-ssf-poll-errors", ["RFC8936-006", "RFC8936-008"]) { trial in
        let receiver = try await EventReceiver(trial)
        try await receiver.withStream(.poll, events: SecurityEvents.quiet) { stream in
            let malformed: [JSON] = [["maxEvents": "many"], ["returnImmediately": "yes"], ["ack": "all"], ["x"]]
            for body in malformed { trial.check(PollConditions.isMalformed, try await stream.poll(body)) }
            let state = try await stream.verify()
            let event = try await stream.polled { $0.verifies(state) }
            let name = event.claims["jti"]?.string ?? ""
            let errors: JSON = .object([name: ["err": "invalid_audience", "description": "a test"]])
            let answer = try await stream.poll(["returnImmediately": true, "maxEvents": 0, "setErrs": errors])
            trial.check(PollConditions.shared, answer)
            trial.check(PollConditions.isEmpty, try await stream.poll())
        }
    }

    static let sessionRevoked = Module(
        "martlet-ssf-session-revoked",
        ["CAEP-001", "CAEP-002", "CAEP-004", "CAEP-005", "CAEP-006", "CAEP-007", "RFC8417-003", "RFC8417-006"]
    ) { trial in
        let receiver = try await EventReceiver(trial)
        try await receiver.withStream(.push) { stream in
            let browser = trial.browser()
            let signedIn = try await trial.signIn(trial.request(), in: browser)
            try await trial.signOut(signedIn, in: browser)
            let event = try await stream.pushed { $0.revokes(signedIn) }[0]
            trial.check(SecurityEventConditions.isAbout(signedIn), event)
        }
    }

    static let subjects = Module("martlet-ssf-subjects", ["SSF-026"]) { trial in
        let receiver = try await EventReceiver(trial, .otherEventReceiver)
        let signedIn = try await trial.signIn()
        try await receiver.withStream(.poll) { stream in
            var answers: [WebAnswer] = []
            for subject in [signedIn.subject, String.random()] {
                answers.append(try await add(subject, to: stream))
            }
            trial.check(StreamConditions.saysTheSame, answers)
        }
    }

    private static func add(_ subject: String, to stream: EventStream) async throws -> WebAnswer {
        let user: JSON = [
            "format": "iss_sub", "iss": .string(stream.trial.target.issuer), "sub": .string(subject),
        ]
        return try await stream.receiver.send(
            "POST", "add_subject_endpoint", ["stream_id": .string(stream.id), "subject": user])
    }

    /// A receiver learns about the users that it has added, and no others.
    static let strangers = Module("martlet-ssf-strangers", ["SSF-013", "SSF-016", "RFC8417-008"]) { trial in
        guard let user = trial.target.otherUser else { throw NotConfigured(what: "the target has no other_user") }
        let receiver = try await EventReceiver(trial, .otherEventReceiver)
        try await receiver.withStream(.poll) { stream in
            let (browser, other) = (trial.browser(), trial.browser())
            let known = try await trial.signIn(trial.request(), in: browser)
            let stranger = try await trial.signIn(trial.request(), in: other, by: Person(user))
            trial.check(StreamConditions.isAccepted, try await add(known.subject, to: stream))
            try await trial.signOut(stranger, in: other)
            try await trial.signOut(known, in: browser)
            // In the order in which they happened.
            let first = try await stream.polled { $0.revokes(known) || $0.revokes(stranger) }
            trial.check([isNotAbout(stranger), SecurityEventConditions.isAbout(known)], first)
        }
    }

    static func isNotAbout(_ signedIn: SignedIn) -> Condition<SecurityEventEvidence> {
        Condition("no event is about a user who was not added", .failure, "OpenID SSF §8.1.3") { event in
            .require(!event.token.revokes(signedIn), "there is one about such a user")
        }
    }

    /// A paused stream sends nothing, and loses nothing.
    static let paused = Module("martlet-ssf-paused", ["SSF-022"]) { trial in
        let receiver = try await EventReceiver(trial)
        try await receiver.withStream(.poll) { stream in
            try await stream.set(status: "paused")
            let state = try await stream.verify()
            trial.check(PollConditions.isEmpty, try await stream.poll())
            try await stream.set(status: "enabled")
            _ = try await stream.polled { $0.verifies(state) }
            try await stream.set(status: "paused")
            let browser = trial.browser()
            let signedIn = try await trial.signIn(trial.request(), in: browser)
            try await trial.signOut(signedIn, in: browser)
            trial.check(PollConditions.isEmpty, try await stream.poll())
            try await stream.set(status: "enabled")
            trial.check(
                SecurityEventConditions.isAbout(signedIn), try await stream.polled { $0.revokes(signedIn) })
        }
    }

    static let disabled = Module("martlet-ssf-disabled", ["SSF-022"]) { trial in
        let receiver = try await EventReceiver(trial)
        try await receiver.withStream(.poll, events: SecurityEvents.quiet) { stream in
            let lost = try await stream.verify()
            try await stream.set(status: "disabled")
            trial.check(PollConditions.isEmpty, try await stream.poll())
            try await stream.set(status: "enabled")
            let state = try await stream.verify()
            let first = try await stream.polled { $0.event(SecurityEvents.verification) != nil }
            trial.check(isVerification(state, not: lost), first)
        }
    }

    static func isVerification(_ state: String, not former: String) -> Condition<SecurityEventEvidence> {
        Condition("a disabled stream holds no events", .failure, "OpenID SSF §8.1.2.1") { event in
            .require(event.token.verifies(state), "an event from before was delivered")
        }
    }

    static let retry = Module("martlet-ssf-push-retry", ["RFC8935-002", "RFC8935-005"]) { trial in
        let receiver = try await EventReceiver(trial)
        let path = receiver.path
        // Before the acknowledgment that the stream begins with.
        receiver.receiver.react(.status(503), to: { $0.path == path })
        receiver.receiver.react(.status(302, location: "\(path)/moved"), to: { $0.path == path })
        try await receiver.withStream(.push, events: SecurityEvents.quiet) { stream in
            let state = try await stream.verify()
            let events = try await stream.pushed(3) { $0.verifies(state) }
            trial.check(SecurityEventConditions.areRepeats, events)
            trial.check(
                LogoutTokenConditions.noneArrived("redirects are not followed", "RFC 8935 §2.1"),
                receiver.receiver.requests { $0.path == "\(path)/moved" })
        }
    }

    static let refusal = Module("martlet-ssf-push-refusal", ["RFC8935-003", "RFC8935-004"]) { trial in
        let receiver = try await EventReceiver(trial)
        let path = receiver.path
        receiver.receiver.react(.refusal("invalid_audience"), to: { $0.path == path })
        try await receiver.withStream(.push, events: SecurityEvents.quiet) { stream in
            let refused = try await stream.verify()
            _ = try await stream.pushed { $0.verifies(refused) }
            // Longer than the pause before a retry of a temporary failure.
            try await trial.wait(30)
            let state = try await stream.verify()
            _ = try await stream.pushed { $0.verifies(state) }
            let all = receiver.receiver.requests { $0.path == path }.filter {
                (try? JWS($0.body))?.verifies(refused) == true
            }
            trial.check(
                LogoutTokenConditions.noneArrived("a refused event is not repeated", "RFC 8935 §2.3"),
                Array(all.dropFirst()))
        }
    }
}
