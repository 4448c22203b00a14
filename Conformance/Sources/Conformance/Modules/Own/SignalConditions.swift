/// A security event token, as a receiver got it.
struct SecurityEventEvidence: Sendable {
    let token: JWS
    /// Its name in the response to a poll; `nil` if it was pushed.
    let name: String?
    let issuer: String
    /// `aud` of the stream's configuration.
    let audience: JSON?
    let keys: [JWK]
    let now: Double

    var claims: [String: JSON] { token.claims }
    var events: [String: JSON] { claims["events"]?.object ?? [:] }
}

/// Conditions on security event tokens (RFC 8417; OpenID SSF §4; OpenID CAEP §2).
enum SecurityEventConditions {
    typealias On = Condition<SecurityEventEvidence>

    static let shared = [
        isSigned, isInteroperable, hasType, namesIssuer, isForStream, isRecent, hasIdentifier, hasOneEvent,
        namesSubject, cannotBeIDToken, hasTransaction, hasInitiator, hasReasons,
    ]

    static let isSigned = On("the event is signed with a published key", .failure, "RFC 8417 §5.1") { event in
        do throws(InvalidSignature) {
            try event.token.verify(with: event.keys)
            return .require(event.token.algorithm != "none", "alg is none")
        } catch {
            return .broken(error.reason)
        }
    }

    static let isInteroperable = On(
        "the event is signed with RS256", .warning, "CAEP Interoperability Profile §2.6"
    ) { event in
        .require(event.token.algorithm == "RS256", "alg is \(event.token.algorithm ?? "missing")")
    }

    static let hasType = On("typ is secevent+jwt", .failure, "OpenID SSF §4.1.1", "RFC 8417 §2.3") { event in
        let type = event.token.header["typ"]?.string
        return .require(type?.lowercased() == "secevent+jwt", "typ is \(type ?? "missing")")
    }

    static let namesIssuer = On("iss is the transmitter", .failure, "OpenID SSF §4.1.6") { event in
        .require(event.claims["iss"]?.string == event.issuer, "iss is \(event.claims["iss"]?.text ?? "missing")")
    }

    static let isForStream = On("aud is that of the stream", .failure, "OpenID SSF §4.1.8") { event in
        let expected = event.audience?.strings ?? [event.audience?.string].compactMap(\.self)
        return .require(
            !expected.isEmpty && Set(event.token.audience) == Set(expected),
            "aud is \(event.claims["aud"]?.text ?? "missing")")
    }

    static let isRecent = On("iat is at most a minute ago", .failure, "RFC 8417 §2.2") { event in
        guard let time = event.claims["iat"]?.number else { return .broken("iat is missing") }
        return .require((-60...60).contains(event.now - time), "iat is \(Int(event.now - time)) s ago")
    }

    static let hasIdentifier = On(
        "jti is present, and names the event in responses to polls", .failure, "RFC 8417 §2.2", "RFC 8936 §2.3"
    ) { event in
        guard let identifier = event.claims["jti"]?.string, !identifier.isEmpty else {
            return .broken("jti is missing")
        }
        return .require(
            event.name == nil || event.name == identifier, "the response calls it \(event.name ?? "")")
    }

    static let hasOneEvent = On(
        "events has one member with an object", .failure, "RFC 8417 §2.2", "OpenID SSF §4.2.1"
    ) { event in
        .require(
            event.events.count == 1 && event.events.allSatisfy { $0.key.contains(":") && $0.value.object != nil },
            "events is \(event.claims["events"]?.text ?? "missing")")
    }

    static let namesSubject = On("sub_id has a format", .failure, "OpenID SSF §3.1.1", "RFC 9493 §3") { event in
        .require(
            event.claims["sub_id"]?["format"]?.string != nil, "sub_id is \(event.claims["sub_id"]?.text ?? "missing")")
    }

    static let cannotBeIDToken = On(
        "neither sub nor exp is present", .failure, "OpenID SSF §4.1.2", "OpenID SSF §4.1.7", "RFC 8417 §4.1"
    ) { event in
        let found = ["sub", "exp", "nonce"].filter { event.claims[$0] != nil }
        return .require(found.isEmpty, "found \(found)")
    }

    static let hasTransaction = On("txn is present", .warning, "OpenID SSF §4.1.9") { event in
        .require(event.claims["txn"]?.string?.isEmpty == false, "it is missing")
    }

    static let hasInitiator = On(
        "initiating_entity, if present, is admin, user, policy or system", .failure, "OpenID CAEP §2"
    ) { event in
        guard let value = event.events.values.first?["initiating_entity"] else { return .notRun("it is omitted") }
        return .require(["admin", "user", "policy", "system"].contains(value.string), "it is \(value.text)")
    }

    static let hasReasons = On(
        "reason_admin and reason_user, if present, are objects by language, and event_timestamp is a number", .failure,
        "OpenID CAEP §2"
    ) { event in
        let content = event.events.values.first
        let reasons = ["reason_admin", "reason_user"].compactMap { content?[$0] }
        let areObjects = reasons.allSatisfy { $0.object?.isEmpty == false }
        let time = content?["event_timestamp"]
        return .require(areObjects && (time == nil || time?.number != nil), "found \(content?.text ?? "")")
    }

    // The subject

    /// The session, or the session with its user (OpenID CAEP §3.1).
    static func isAbout(_ signedIn: SignedIn) -> On {
        let (subject, session) = (signedIn.subject, signedIn.session)
        return On("the subject is the session and its user", .failure, "OpenID CAEP §3.1") { event in
            let user = event.claims["sub_id"]?["user"]
            return .require(
                event.claims["sub_id"]?["session"]?["id"]?.string == session
                    && (user == nil || user?["sub"]?.string == subject),
                "sub_id is \(event.claims["sub_id"]?.text ?? "missing")")
        }
    }

    static let areRepeats = Condition<[SecurityEventEvidence]>(
        "a repeated event keeps its jti", .failure, "RFC 8417 §2.2"
    ) { events in
        .require(Set(events.map { $0.claims["jti"]?.text }).count == 1, "its jti changed")
    }
}

/// Conditions on pushed events (RFC 8935 §2.1; OpenID SSF §6.1.1).
enum PushConditions {
    static func shared(authorization: String) -> [Condition<Received>] {
        [
            Condition("an event is posted as application/secevent+jwt", .failure, "RFC 8935 §2.1") { request in
                .require(
                    request.method == "POST" && request.mediaType == "application/secevent+jwt",
                    "it is \(request.method) \(request.mediaType)")
            },
            Condition("the request accepts application/json", .failure, "RFC 8935 §2.1") { request in
                .require(
                    request.header("Accept")?.contains("application/json") == true,
                    "Accept is \(request.header("Accept") ?? "missing")")
            },
            Condition("the request has the receiver's authorization", .failure, "OpenID SSF §6.1.1") { request in
                .require(request.header("Authorization") == authorization, "Authorization is another or missing")
            },
        ]
    }
}

/// Conditions on responses to polls (RFC 8936 §2.3).
enum PollConditions {
    static let shared = [answers]

    static let answers = Condition<WebAnswer>(
        "a poll gets 200 JSON with the object sets", .failure, "RFC 8936 §2.3"
    ) { answer in
        .require(
            answer.status == 200 && answer.mediaType == "application/json" && answer.json?["sets"]?.object != nil,
            "it gets \(answer.status) \(answer.mediaType)")
    }

    static let isEmpty = Condition<WebAnswer>("no event is returned", .failure, "RFC 8936 §2.2") { answer in
        let count = answer.json?["sets"]?.object?.count
        return .require(count == 0, "\(count.map(String.init) ?? "no list of") events")
    }

    static let keepsLimit = Condition<WebAnswer>(
        "maxEvents is kept, and moreAvailable says that others wait", .failure, "RFC 8936 §2.2", "RFC 8936 §2.3"
    ) { answer in
        .require(
            answer.json?["sets"]?.object?.count == 1 && answer.json?["moreAvailable"]?.bool == true,
            "\(answer.json?["sets"]?.object?.count ?? 0) events, moreAvailable \(answer.json?["moreAvailable"]?.text ?? "missing")"
        )
    }

    static let isMalformed = Condition<WebAnswer>("an invalid poll gets 400", .failure, "RFC 8936 §2.5.1") { answer in
        .require((400..<500).contains(answer.status), "it gets \(answer.status)")
    }

    static func waits(_ seconds: Double) -> Condition<Double> {
        Condition("a poll waits for an event", .failure, "RFC 8936 §2.5") {
            .require($0 >= seconds, "it took \($0) s")
        }
    }
}

/// Conditions on the management of streams (OpenID SSF §8.1).
enum StreamConditions {
    static let shared = [namesIssuer, hasAudience, hasDelivery, deliversWhatWasRequested]

    static let isCreated = Condition<WebAnswer>(
        "a stream is created with 201 and its configuration", .failure, "OpenID SSF §8.1.1.1"
    ) { answer in
        .require(
            answer.status == 201 && answer.json?["stream_id"]?.string?.isEmpty == false,
            "the response is \(answer.status): \(answer.json?.text ?? "")")
    }

    static let namesIssuer = Condition<EventStream>("iss is the transmitter", .failure, "OpenID SSF §8.1.1") { stream in
        .require(stream["iss"]?.string == stream.trial.target.issuer, "iss is \(stream["iss"]?.text ?? "missing")")
    }

    static let hasAudience = Condition<EventStream>("aud is present", .failure, "OpenID SSF §8.1.1") { stream in
        .require(stream["aud"]?.string != nil || stream["aud"]?.strings?.isEmpty == false, "it is missing")
    }

    static let hasDelivery = Condition<EventStream>(
        "delivery has the method and an endpoint_url", .failure, "OpenID SSF §8.1.1"
    ) { stream in
        let delivery = stream["delivery"]
        return .require(
            delivery?["method"]?.string?.hasPrefix("urn:ietf:rfc:893") == true
                && delivery?["endpoint_url"]?.string?.contains("://") == true, "it is \(delivery?.text ?? "missing")")
    }

    static let deliversWhatWasRequested = Condition<EventStream>(
        "events_delivered has only types that are supported and requested", .failure, "OpenID SSF §8.1.1"
    ) { stream in
        let delivered = Set(stream["events_delivered"]?.strings ?? [])
        let supported = Set(stream["events_supported"]?.strings ?? [])
        let requested = Set(stream["events_requested"]?.strings ?? [])
        return .require(
            !delivered.isEmpty && delivered == supported.intersection(requested),
            "it is \(delivered.sorted())")
    }

    static let isAccepted = Condition<WebAnswer>("the request is accepted", .failure, "OpenID SSF §8.1.4") { answer in
        .require((200..<300).contains(answer.status), "the response is \(answer.status)")
    }

    static func hasStatus(_ status: String) -> Condition<WebAnswer> {
        Condition("the status is \(status)", .failure, "OpenID SSF §8.1.2") { answer in
            .require(
                answer.status == 200 && answer.json?["status"]?.string == status,
                "the response is \(answer.status): \(answer.json?.text ?? "")")
        }
    }

    static func isRefused(_ status: Int, _ what: String, _ section: String) -> Condition<WebAnswer> {
        Condition("\(what) gets \(status)", .failure, section) { answer in
            .require(answer.status == status, "it gets \(answer.status)")
        }
    }

    static let challenges = Condition<WebAnswer>(
        "a request without a token gets 401 with WWW-Authenticate", .failure, "OpenID SSF §8", "RFC 8936 §3"
    ) { answer in
        .require(
            answer.status == 401 && answer.header("WWW-Authenticate") != nil, "it gets \(answer.status)")
    }

    static let saysTheSame = Condition<[WebAnswer]>(
        "adding a subject gets the same response whether or not it exists", .failure, "OpenID SSF §9.1"
    ) { answers in
        .require(
            Set(answers.map { "\($0.status) \($0.text)" }).count == 1
                && (200..<300).contains(answers.first?.status ?? 0),
            "the responses are \(answers.map(\.status))")
    }
}

/// Conditions on the transmitter's metadata (OpenID SSF §7.1).
enum TransmitterConditions {
    typealias On = Condition<TransmitterMetadata>

    static let shared = [
        isJSON, hasVersion, hasKeys, hasEndpoints, deliversBothWays, hasSubjects, hasNoEmptyList, hasSchemes,
    ]

    static let isJSON = On("the metadata is 200 JSON", .failure, "OpenID SSF §7.2") { metadata in
        .require(
            metadata.answer.status == 200 && metadata.answer.mediaType == "application/json",
            "it is \(metadata.answer.status) \(metadata.answer.mediaType)")
    }

    static let hasVersion = On("spec_version is 1_0", .failure, "OpenID SSF §7.1") { metadata in
        .require(metadata["spec_version"]?.string == "1_0", "it is \(metadata["spec_version"]?.text ?? "missing")")
    }

    static let hasKeys = On("jwks_uri is present", .failure, "OpenID SSF §7.1") { metadata in
        .require(metadata["jwks_uri"]?.string?.contains("://") == true, "it is missing")
    }

    static let hasEndpoints = On(
        "endpoints for configuration, status and verification are present", .failure,
        "CAEP Interoperability Profile §2.3"
    ) { metadata in
        let missing = ["configuration_endpoint", "status_endpoint", "verification_endpoint"]
            .filter { metadata[$0]?.string?.contains("://") != true }
        return .require(missing.isEmpty, "missing: \(missing)")
    }

    static let deliversBothWays = On(
        "push and poll are supported", .warning, "CAEP Interoperability Profile §2.3.8"
    ) { metadata in
        let methods = metadata["delivery_methods_supported"]?.strings ?? []
        return .require(Set(methods) == ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"], "they are \(methods)")
    }

    static let hasSubjects = On(
        "default_subjects, if present, is ALL or NONE", .failure, "OpenID SSF §7.1"
    ) { metadata in
        guard let value = metadata["default_subjects"] else { return .notRun("it is omitted") }
        return .require(["ALL", "NONE"].contains(value.string), "it is \(value.text)")
    }

    static let hasNoEmptyList = On("no list is empty", .failure, "OpenID SSF §7.2.3") { metadata in
        let empty = (metadata.answer.json?.object ?? [:]).filter { $0.value.array?.isEmpty == true }.keys.sorted()
        return .require(empty.isEmpty, "empty: \(empty)")
    }

    static let hasSchemes = On(
        "authorization_schemes has OAuth 2.0", .warning, "CAEP Interoperability Profile §2.3"
    ) { metadata in
        let schemes = (metadata["authorization_schemes"]?.array ?? []).compactMap { $0["spec_urn"]?.string }
        return .require(schemes.contains("urn:ietf:rfc:6749"), "found \(schemes)")
    }

    static func namesIssuer(_ issuer: String) -> On {
        On("issuer is that of the provider", .failure, "OpenID SSF §7.1") { metadata in
            .require(metadata["issuer"]?.string == issuer, "it is \(metadata["issuer"]?.text ?? "missing")")
        }
    }
}
