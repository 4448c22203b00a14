/// Conditions on successful responses of the pushed authorization request endpoint (RFC 9126 §2.2).
enum PushedConditions {
    typealias On = Condition<WebAnswer>

    static let shared = [succeeds, isJSON, isNotStored, hasUnguessableURI, hasLifetime, hasShortLifetime]

    static let succeeds = On(
        "the pushed authorization request endpoint responds with 201", .failure, "RFC 9126 §2.2"
    ) { answer in
        .require(answer.status == 201, "it responds with \(answer.status): \(TokenConditions.said(answer))")
    }

    static let isJSON = On("the response is a JSON object", .failure, "RFC 9126 §2.2") { answer in
        .require(
            answer.mediaType == "application/json" && answer.json?.object != nil, "it is \(answer.mediaType)")
    }

    static let isNotStored = On("the response is not cacheable", .warning, "RFC 9126 §2.2") { answer in
        .require(
            answer.header("Cache-Control")?.contains("no-store") == true,
            "Cache-Control is \(answer.header("Cache-Control") ?? "missing")")
    }

    static let hasUnguessableURI = On(
        "request_uri has room for 128 bits and at least 96 bits of measured entropy", .failure, "RFC 9126 §2.2",
        "RFC 9101 §10.2"
    ) { answer in
        guard let address = answer.json?["request_uri"]?.string else { return .broken("request_uri is missing") }
        let random = address.split { ":/".contains($0) }.last.map(String.init) ?? ""
        return Randomness.shortcoming(random).map { .broken("request_uri is guessable: \($0)") } ?? .holds
    }

    static let hasLifetime = On(
        "expires_in is a whole number of seconds, at least 5", .failure, "RFC 9126 §2.2"
    ) { answer in
        guard let seconds = answer.json?["expires_in"]?.number else { return .broken("expires_in is missing") }
        return .require(seconds >= 5 && seconds == seconds.rounded(), "expires_in is \(seconds)")
    }

    static let hasShortLifetime = On(
        "expires_in is less than ten minutes", .failure, "FAPI 2.0 Security Profile §5.3.2.2"
    ) { answer in
        guard let seconds = answer.json?["expires_in"]?.number else { return .notRun("expires_in is missing") }
        return .require(seconds < 600, "expires_in is \(seconds)")
    }
}
