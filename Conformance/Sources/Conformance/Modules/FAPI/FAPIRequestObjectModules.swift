import Foundation

/// Signed request objects (RFC 9101; FAPI 2.0 Message Signing §5.3.1).
enum FAPIRequestObjectModules {
    static let all = [
        severalAudiences, soonValid, withoutExpiry, withoutStart, expired, otherAudience, longLived, oldStart,
        withRS256, unsigned, brokenSignature, otherKey, withoutObject, requestURI,
    ]

    private static let codes = ["invalid_request_object"]

    private static func accepted(
        _ name: String, level: Level = .failure,
        _ change: @escaping @Sendable (inout [String: JSON], FAPIClient) -> Void
    ) -> Module {
        Module.fapi(name) { trial, client in
            let request = try client.request()
            var pushed = client.push(request)
            pushed.changesObject = { change(&$0, client) }
            let answer = try await client.send(pushed)
            trial.check(PushedConditions.succeeds.at(level), answer)
            guard answer.status == 201, let address = answer.json?["request_uri"]?.string else { return }
            let arrival = try await client.visit(address, by: trial.person())
            _ = try await client.redeem(client.answer(to: request, arrival))
        }
    }

    private static func refused(
        _ name: String, _ section: String, _ change: @escaping @Sendable (inout [String: JSON], Double) -> Void
    ) -> Module {
        Module.fapi(name) { trial, client in
            var pushed = client.push(try client.request())
            let now = trial.now.rounded(.down)
            pushed.changesObject = { change(&$0, now) }
            try await client.isRefused(pushed, codes, section)
        }
    }

    static let severalAudiences = accepted("ensure-request-object-with-multiple-aud-succeeds") { claims, client in
        claims["aud"] = ["https://elsewhere.example", .string(client.trial.target.issuer)]
    }

    static let soonValid = accepted(
        "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted", level: .warning
    ) { claims, client in
        claims["nbf"] = .number(client.trial.now.rounded(.down) + 8)
    }

    static let withoutExpiry = refused(
        "ensure-request-object-without-exp-fails", "FAPI 2.0 Message Signing §5.3.1"
    ) { claims, _ in claims["exp"] = nil }

    static let withoutStart = refused(
        "ensure-request-object-without-nbf-fails", "FAPI 2.0 Message Signing §5.3.1"
    ) { claims, _ in claims["nbf"] = nil }

    static let expired = refused("ensure-expired-request-object-fails", "RFC 7519 §4.1.4") { claims, now in
        claims["nbf"] = .number(now - 900)
        claims["iat"] = .number(now - 900)
        claims["exp"] = .number(now - 300)
    }

    static let otherAudience = refused(
        "ensure-request-object-with-bad-aud-fails", "FAPI 2.0 Message Signing §5.3.1"
    ) { claims, _ in claims["aud"] = "https://elsewhere.example" }

    static let longLived = refused(
        "ensure-request-object-with-exp-over-60-fails", "FAPI 2.0 Message Signing §5.3.1"
    ) { claims, now in claims["exp"] = .number(now + 4_200) }

    static let oldStart = refused(
        "ensure-request-object-with-nbf-over-60-fails", "FAPI 2.0 Message Signing §5.3.1"
    ) { claims, now in claims["nbf"] = .number(now - 4_200) }

    static let withRS256 = Module.fapi("ensure-signed-request-object-with-RS256-fails") { trial, client in
        guard let key = client.signingKey.withRS256 else {
            throw Skip(reason: "the client's key is not an RSA key")
        }
        var pushed = client.push(try client.request())
        pushed.objectKey = key
        try await client.isRefused(pushed, codes, "FAPI 2.0 Security Profile §5.4.1")
    }

    static let unsigned = Module.fapi("ensure-request-object-signature-algorithm-is-not-none") { _, client in
        var pushed = client.push(try client.request())
        pushed.objectKey = SigningKey.none
        try await client.isRefused(pushed, codes, "RFC 9101 §6.2")
    }

    static let brokenSignature = Module.fapi("ensure-request-object-with-invalid-signature-fails") { trial, client in
        let request = try client.request()
        let good = try client.object(client.push(request))
        // Another letter in the middle of the signature.
        var letters = Array(good)
        let middle = letters.count - 20
        letters[middle] = letters[middle] == "A" ? "B" : "A"
        var direct = client.direct([], isProven: false)
        direct.form = [
            Parameter("client_id", client.registration.clientID), Parameter("request", String(letters)),
        ]
        let answer = try await client.send(direct, to: "pushed_authorization_request_endpoint")
        trial.check(TokenErrorConditions.refusal(codes, "RFC 9101 §6.2"), answer)
    }

    static let otherKey = Module.fapi("ensure-matching-key-in-authorization-request") { trial, client in
        var pushed = client.push(try client.request())
        let other = try FAPIClient(trial, .second)
        pushed.objectKey = other.signingKey
        pushed.objectHeader["kid"] = other.registration.privateKey?["kid"]
        try await client.isRefused(pushed, codes + ["invalid_request"], "RFC 9101 §6.2")
    }

    static let withoutObject = Module.fapi("ensure-unsigned-request-at-par-endpoint-fails") { _, client in
        var pushed = client.push(try client.request())
        pushed.objectKey = nil
        try await client.isRefused(
            pushed, ["invalid_request", "invalid_request_object"], "RFC 9101 §10.5")
    }

    static let requestURI = refused("par-authorization-request-containing-request_uri", "RFC 9101 §4") { claims, _ in
        claims["request_uri"] = .string("urn:ietf:params:oauth:request_uri:\(String.random())")
    }
}
