/// Two sign-ins of one browser, and what was between them.
package struct TwoSignIns: Sendable {
    package let first: SignedIn
    package let second: SignedIn
    /// The tester's clock, in seconds since 1970.
    package let now: Double
}

/// How a second authentication relates to the first (OpenID Connect Core §3.1.2.1, §2).
enum ReauthenticationConditions {
    typealias On = Condition<TwoSignIns>

    static let isSamePerson = On("sub is the same both times", .failure, "OpenID Connect Core §2") { evidence in
        .require(
            evidence.first.subject == evidence.second.subject,
            "\(evidence.first.subject) became \(evidence.second.subject)")
    }

    static let isLater = On(
        "auth_time of the second sign-in is later", .failure, "OpenID Connect Core §2"
    ) { evidence in
        guard let first = evidence.first.authenticatedAt, let second = evidence.second.authenticatedAt else {
            return .notRun("there is no auth_time")
        }
        return .require(second > first, "it was \(first) and is \(second)")
    }

    static let isUnchanged = On(
        "auth_time is that of the first sign-in", .failure, "OpenID Connect Core §2"
    ) { evidence in
        guard let first = evidence.first.authenticatedAt, let second = evidence.second.authenticatedAt else {
            return .notRun("there is no auth_time")
        }
        return .require(abs(second - first) < 1, "it was \(first) and is \(second)")
    }

    static let haveTime = On("both ID Tokens have auth_time", .failure, "OpenID Connect Core §2") { evidence in
        let both = [evidence.first, evidence.second].map { $0.authenticatedAt }
        return .require(!both.contains(nil), "it is missing")
    }

    static let hasTime = On(
        "an ID Token of a request with max_age has auth_time", .failure, "OpenID Connect Core §3.1.2.1"
    ) { evidence in
        .require(evidence.second.authenticatedAt != nil, "it is missing")
    }

    static let isRecent = On(
        "auth_time is of the last minute", .failure, "OpenID Connect Core §3.1.2.1"
    ) { evidence in
        guard let moment = evidence.second.authenticatedAt else { return .notRun("there is no auth_time") }
        return .require(abs(evidence.now - moment) < 60, "it is \(Int(evidence.now - moment)) s ago")
    }
}
