import FoundationEssentials

/// Recent events of an account, for its owner to review.
struct RecentActivity: Sendable {
    let audit: any AuditStore
    let geolocator: any Geolocator
    let now: @Sendable () -> Date

    init(_ core: Core) {
        audit = core.stores.audit
        geolocator = core.geolocator
        now = core.now
    }

    /// In seconds.
    private static let window: TimeInterval = 7 * 86_400
    private static let count = 10

    /// The events shown, each with the text `activity_EVENT`. Tokens and requests of applications are not shown.
    static let events: Set<String> = [
        "signed_in", "stepped_up", "sign_in_refused", "sessions_ended", "account_unlocked", "factor_enrolled",
        "factor_removed", "upstream_linked", "upstream_unlinked", "recovery_codes_made", "access_code_made",
        "access_code_used",
        "password_changed", "password_reset", "password_withdrawn",
        "device_remembered", "device_revoked", "suspicious_sign_in", "email_changed", "email_verified",
        "consent_given", "consent_withdrawn", "device_approved", "profile_changed", "recovery_started",
        "recovery_canceled",
        "recovery_finished",
    ]

    /// Returns the latest events, newest first.
    func latest(of user: User) async throws -> [Page.Value] {
        var query = AuditQuery()
        query.user = user.id.rawValue
        query.since = now().addingTimeInterval(-Self.window)
        query.events = Self.events
        query.isLatestFirst = true
        query.limit = Self.count
        return try await audit.find(query).map { describe($0.record) }
    }

    private func describe(_ record: AuditRecord) -> Page.Value {
        var data: [String: Page.Value] = [
            "what": .text("text.activity_\(record.event)"), "when": .time(record.time, .recent),
        ]
        data["where"] = record.address.map { .text(geolocator.describe($0)) }
        data["browser"] = record.userAgent.map { .text(BrowserName(userAgent: $0).text) }
        return .object(data)
    }
}
