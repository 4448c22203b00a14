/// Sign-outs that clients learn of in frames (OpenID Connect Front-Channel Logout).
enum FrontChannelModules {
    static let official = [verification, logout]
    static let own = [strangers, forged]

    static let verification = Module("oidcc-frontchannel-logout-discovery-endpoint-verification") { trial in
        let evidence = MetadataEvidence(metadata: try await trial.metadata(), issuer: trial.target.issuer)
        let section = "OpenID Connect Front-Channel Logout §3"
        trial.check(
            [
                MetadataConditions.isJSON, MetadataConditions.hasEndSession,
                MetadataConditions.supports("frontchannel_logout_supported", section),
                MetadataConditions.supports("frontchannel_logout_session_supported", section),
            ], evidence)
    }

    static let logout = Module("oidcc-frontchannel-rp-initiated-logout") { trial in
        let browser = trial.browser()
        let signedIn = try await trial.signIn(trial.request(.frontChannel), in: browser)
        let evidence = try await trial.signOut(signedIn, in: browser)
        trial.check(FrontChannelConditions.shared, try frames(trial, evidence, of: signedIn))
        try await trial.isSignedOut(browser, at: .frontChannel)
    }

    /// Neither clients of another session nor those that got no token in this one.
    static let strangers = Module(
        "martlet-frontchannel-logout-strangers", ["OIDC-Front-Channel-Logout-003"]
    ) { trial in
        let other = try await trial.signIn(trial.request(.frontChannel), in: trial.browser())
        let browser = trial.browser()
        let signedIn = try await trial.signIn(trial.request(), in: browser)
        let evidence = try await trial.signOut(signedIn, in: browser)
        trial.check(FrontChannelConditions.loadsNone, try frames(trial, evidence, of: other))
        // From any client in the session, the others are told.
        let shared = trial.browser()
        let first = try await trial.signIn(trial.request(.frontChannel), in: shared)
        let second = try await trial.signIn(trial.request(), in: shared)
        trial.check(
            FrontChannelConditions.shared, try frames(trial, try await trial.signOut(second, in: shared), of: first))
    }

    /// A request that ends no session tells no client anything.
    static let forged = Module("martlet-frontchannel-logout-forged", ["OIDC-Front-Channel-Logout-003"]) { trial in
        let browser = trial.browser()
        let signedIn = try await trial.signIn(trial.request(.frontChannel), in: browser)
        for parameters in [[], [Parameter("id_token_hint", try SigningKey.none.sign(signedIn.idToken.claims))]] {
            let evidence = try await trial.endSession(parameters, in: browser, by: nil)
            trial.check(FrontChannelConditions.loadsNone, try frames(trial, evidence, of: signedIn))
            try await trial.isSignedIn(browser, at: .frontChannel)
        }
    }

    private static func frames(
        _ trial: Trial, _ logout: LogoutEvidence, of signedIn: SignedIn
    ) throws -> FrontChannelEvidence {
        guard let uri = try trial.registration(.frontChannel).frontChannelLogoutURI else {
            throw NotConfigured(what: "the client \"front_channel\" needs a frontchannel_logout_uri")
        }
        return FrontChannelEvidence(
            pages: logout.arrival.shown, uri: WebAddress(uri), issuer: trial.target.issuer, session: signedIn.session)
    }
}

/// The pages of a sign-out, and the frame that a client expects in one of them.
struct FrontChannelEvidence: Sendable {
    let pages: [ShownPage]
    /// The client's `frontchannel_logout_uri`.
    let uri: WebAddress
    let issuer: String
    let session: String?

    /// The client's frames with the pages that have them.
    var frames: [(page: ShownPage, address: WebAddress)] {
        pages.flatMap { page in page.frames.map { (page, $0) } }.filter { $0.address.base == uri.base }
    }
}

/// Conditions on the frames of a sign-out (OpenID Connect Front-Channel Logout §2, §3).
enum FrontChannelConditions {
    typealias On = Condition<FrontChannelEvidence>

    static let shared = [loadsOnce, namesIssuer, namesSession, keepsQuery, isAllowed, isNotStored]

    static let loadsOnce = On(
        "a page loads the client's URI in one frame", .failure, "OpenID Connect Front-Channel Logout §3"
    ) { evidence in
        .require(evidence.frames.count == 1, "\(evidence.frames.count) frames have it")
    }

    static let loadsNone = On(
        "no page loads the client's URI", .failure, "OpenID Connect Front-Channel Logout §3"
    ) { evidence in
        .require(evidence.frames.isEmpty, "\(evidence.frames.count) frames have it")
    }

    static let namesIssuer = On("iss is the issuer", .failure, "OpenID Connect Front-Channel Logout §2") { evidence in
        let value = evidence.frames.first?.address.parameters["iss"]
        return .require(value == evidence.issuer, "iss is \(value ?? "missing")")
    }

    static let namesSession = On(
        "sid is that of the ID Token", .failure, "OpenID Connect Front-Channel Logout §2"
    ) { evidence in
        guard let session = evidence.session else { return .broken("the ID Token has no sid") }
        let value = evidence.frames.first?.address.parameters["sid"]
        return .require(value == session, "sid is \(value ?? "missing")")
    }

    static let keepsQuery = On(
        "the URI's own query is kept, and nothing else is added", .failure, "OpenID Connect Front-Channel Logout §2"
    ) { evidence in
        let sent = (evidence.frames.first?.address.parameters ?? []).filter { !["iss", "sid"].contains($0.name) }
        return .require(sent == evidence.uri.parameters, "the other parameters are \(sent.map(\.name))")
    }

    /// Otherwise browsers would load nothing.
    static let isAllowed = On(
        "the page's policy allows the frame", .failure, "OpenID Connect Front-Channel Logout §3"
    ) { evidence in
        let blocked = evidence.frames.filter {
            !ContentPolicy($0.page.answer).allowsFrame(from: $0.address.origin)
        }
        return .require(blocked.isEmpty, "its Content-Security-Policy forbids \(evidence.uri.origin)")
    }

    static let isNotStored = On(
        "the page with the frames is not cacheable", .failure, "OpenID Connect Front-Channel Logout §5"
    ) { evidence in
        let stored = evidence.frames.filter { $0.page.answer.header("Cache-Control")?.contains("no-store") != true }
        return .require(stored.isEmpty, "Cache-Control does not forbid it")
    }
}

extension WebAddress {
    fileprivate var parameters: [Parameter] { FormEncoding.parse(query ?? "") }
}
