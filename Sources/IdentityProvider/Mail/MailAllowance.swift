import Crypto
import FoundationEssentials
import JOSE

/// Limits the emails that anyone can cause one address to receive, by requesting them or by signing in. Counted when an
/// email is sent, so that no response depends on it.
struct MailAllowance: Sendable {
    let singleUse: any SingleUseStore
    let now: @Sendable () -> Date

    init(_ core: Core) {
        singleUse = core.stores.singleUse
        now = core.now
    }

    /// Emails of one kind to one address, per hour.
    static let perHour = 4

    /// Takes one email from this hour's quota. Returns `false` if the quota is used up.
    func take(_ kind: String, to address: MailAddress) async throws -> Bool {
        // Only a digest of the address is stored.
        let key = Base64URL.encode(Array(SHA256.hash(data: Array("\(kind) \(User.key(of: address.text))".utf8))))
        let quota = HourlyQuota(limit: Self.perHour, purpose: .mail, singleUse: singleUse)
        return try await quota.take(key, in: ClockHour(of: now()))
    }
}
