/// Two sign-ins in one browser.
package struct TwoSignIns: Sendable {
    package let first: SignedIn
    package let second: SignedIn
    /// The tester's clock, in seconds since 1970.
    package let now: Double
}

/// Conditions on a second authentication after a first one (OpenID Connect Core §3.1.2.1, §2).
enum ReauthenticationConditions {
    typealias On = Condition<TwoSignIns>

    static let isSamePerson = On("sub is the same in both ID Tokens", .failure, "OpenID Connect Core §2") { evidence in
        .require(
            evidence.first.subject == evidence.second.subject,
            "\(evidence.first.subject) became \(evidence.second.subject)")
    }

    static let isLater = On(
        "auth_time of the second ID Token is later", .failure, "OpenID Connect Core §2"
    ) { evidence in
        guard let first = evidence.first.authenticatedAt, let second = evidence.second.authenticatedAt else {
            return .notRun("auth_time is missing")
        }
        return .require(second > first, "it changed from \(first) to \(second)")
    }

    static let isUnchanged = On(
        "auth_time is still that of the first sign-in", .failure, "OpenID Connect Core §2"
    ) { evidence in
        guard let first = evidence.first.authenticatedAt, let second = evidence.second.authenticatedAt else {
            return .notRun("auth_time is missing")
        }
        return .require(abs(second - first) < 1, "it changed from \(first) to \(second)")
    }

    static let haveTime = On("both ID Tokens have auth_time", .failure, "OpenID Connect Core §2") { evidence in
        let both = [evidence.first, evidence.second].map { $0.authenticatedAt }
        return .require(!both.contains(nil), "auth_time is missing")
    }

    static let hasTime = On(
        "the ID Token for a request with max_age has auth_time", .failure, "OpenID Connect Core §3.1.2.1"
    ) { evidence in
        .require(evidence.second.authenticatedAt != nil, "auth_time is missing")
    }

    static let isRecent = On(
        "auth_time is within the last minute", .failure, "OpenID Connect Core §3.1.2.1"
    ) { evidence in
        guard let moment = evidence.second.authenticatedAt else { return .notRun("auth_time is missing") }
        return .require(abs(evidence.now - moment) < 60, "auth_time is \(Int(evidence.now - moment)) s ago")
    }
}
