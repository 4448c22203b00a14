/// A logout token as a client received it, and the sign-in whose session it ends.
struct LogoutTokenEvidence: Sendable {
    let request: Received
    let signedIn: SignedIn
    let issuer: String
    let keys: [JWK]
    /// The tester's clock, in seconds since 1970.
    let now: Double

    var text: String { request.form["logout_token"] ?? "" }
    var token: JWS? { try? JWS(text) }
    var claims: [String: JSON] { token?.claims ?? [:] }
}

/// Conditions on logout tokens (OpenID Connect Back-Channel Logout §2.4, §2.5).
enum LogoutTokenConditions {
    typealias On = Condition<LogoutTokenEvidence>

    static let shared = [
        isPosted, isSigned, hasAlgorithmOfIDToken, hasType, namesIssuer, isForClient, isRecent, expires, expiresSoon,
        hasIdentifier, hasEvent, namesSubject, namesSession, hasNoNonce,
    ]

    static let isPosted = On(
        "the request is a form post with only logout_token", .failure, "OpenID Connect Back-Channel Logout §2.5"
    ) { evidence in
        let request = evidence.request
        return .require(
            request.method == "POST" && request.mediaType == "application/x-www-form-urlencoded"
                && request.form.map(\.name) == ["logout_token"],
            "it is \(request.method) \(request.mediaType) with \(request.form.map(\.name))")
    }

    static let isSigned = On(
        "the logout token is a JWT signed with a published key", .failure, "OpenID Connect Back-Channel Logout §2.4"
    ) { evidence in
        do throws(MalformedJWT) {
            let token = try JWS(evidence.text)
            do throws(InvalidSignature) {
                try token.verify(
                    with: evidence.keys, secret: evidence.signedIn.answer.request.registration.clientSecret)
                return .holds
            } catch {
                return .broken(error.reason)
            }
        } catch {
            return .broken(error.reason)
        }
    }

    static let hasAlgorithmOfIDToken = On(
        "alg is that of the client's ID Tokens, and not none", .failure, "OpenID Connect Back-Channel Logout §2.6"
    ) { evidence in
        let algorithm = evidence.token?.algorithm
        return .require(
            algorithm != "none" && algorithm == evidence.signedIn.idToken.algorithm,
            "alg is \(algorithm ?? "missing")")
    }

    static let hasType = On("typ is logout+jwt", .warning, "OpenID Connect Back-Channel Logout §2.4") { evidence in
        let type = evidence.token?.header["typ"]?.string
        return .require(
            ["logout+jwt", "application/logout+jwt"].contains(type?.lowercased()), "typ is \(type ?? "missing")")
    }

    static let namesIssuer = On("iss is the issuer", .failure, "OpenID Connect Back-Channel Logout §2.4") { evidence in
        .require(
            evidence.claims["iss"]?.string == evidence.issuer, "iss is \(evidence.claims["iss"]?.text ?? "missing")")
    }

    static let isForClient = On(
        "aud is the client alone", .failure, "OpenID Connect Back-Channel Logout §2.4"
    ) { evidence in
        let client = evidence.signedIn.answer.request.registration.clientID
        return .require(
            evidence.token?.audience == [client], "aud is \(evidence.claims["aud"]?.text ?? "missing")")
    }

    static let isRecent = On(
        "iat is now, give or take a minute", .failure, "OpenID Connect Back-Channel Logout §2.4"
    ) { evidence in
        guard let time = evidence.claims["iat"]?.number else { return .broken("iat is missing") }
        return .require(abs(evidence.now - time) <= 60, "iat is \(Int(evidence.now - time)) s ago")
    }

    static let expires = On(
        "exp is in the future", .failure, "OpenID Connect Back-Channel Logout §2.4"
    ) { evidence in
        guard let time = evidence.claims["exp"]?.number else { return .broken("exp is missing") }
        return .require(time > evidence.now, "exp is \(Int(evidence.now - time)) s ago")
    }

    static let expiresSoon = On(
        "exp is at most two minutes after iat", .warning, "OpenID Connect Back-Channel Logout §2.4"
    ) { evidence in
        guard let issued = evidence.claims["iat"]?.number, let end = evidence.claims["exp"]?.number else {
            return .notRun("iat or exp is missing")
        }
        return .require(end - issued <= 120, "it is \(Int(end - issued)) s after iat")
    }

    static let hasIdentifier = On("jti is present", .failure, "OpenID Connect Back-Channel Logout §2.4") { evidence in
        .require(evidence.claims["jti"]?.string?.isEmpty == false, "it is missing or empty")
    }

    static let hasEvent = On(
        "events has exactly the back-channel logout event, an object", .failure,
        "OpenID Connect Back-Channel Logout §2.4"
    ) { evidence in
        let events = evidence.claims["events"]?.object
        return .require(
            events?.count == 1 && events?["http://schemas.openid.net/event/backchannel-logout"]?.object != nil,
            "events is \(evidence.claims["events"]?.text ?? "missing")")
    }

    static let namesSubject = On(
        "sub, if present, is that of the ID Token; sub or sid is present", .failure,
        "OpenID Connect Back-Channel Logout §2.4"
    ) { evidence in
        guard let subject = evidence.claims["sub"] else {
            return .require(evidence.claims["sid"] != nil, "neither sub nor sid is present")
        }
        return .require(subject.string == evidence.signedIn.subject, "sub is \(subject.text)")
    }

    /// The client has registered `backchannel_logout_session_required` (§2.2).
    static let namesSession = On(
        "sid is that of the ID Token", .failure, "OpenID Connect Back-Channel Logout §2.4"
    ) { evidence in
        guard let session = evidence.signedIn.session else { return .broken("the ID Token has no sid") }
        return .require(
            evidence.claims["sid"]?.string == session, "sid is \(evidence.claims["sid"]?.text ?? "missing")")
    }

    /// A nonce would make an ID Token of it.
    static let hasNoNonce = On("nonce is absent", .failure, "OpenID Connect Back-Channel Logout §2.4") { evidence in
        .require(evidence.claims["nonce"] == nil, "it is present")
    }

    // Several tokens

    static let areDistinct = Condition<[LogoutTokenEvidence]>(
        "notices to different clients have different jti", .failure, "OpenID Connect Back-Channel Logout §2.4"
    ) { tokens in
        let identifiers = tokens.map { $0.claims["jti"]?.string ?? "" }
        return .require(Set(identifiers).count == identifiers.count, "jti is repeated")
    }

    static let areRepeats = Condition<[LogoutTokenEvidence]>(
        "a repeated notice keeps its jti", .warning, "OpenID Connect Back-Channel Logout §2.6"
    ) { tokens in
        let identifiers = tokens.map { $0.claims["jti"]?.string ?? "" }
        return .require(Set(identifiers).count == 1, "\(Set(identifiers).count) different jti")
    }

    static func noneArrived(_ what: String, _ section: String) -> Condition<[Received]> {
        Condition(what, .failure, section) { requests in
            .require(requests.isEmpty, "\(requests.count) arrived, the first at \(requests[0].path)")
        }
    }
}
