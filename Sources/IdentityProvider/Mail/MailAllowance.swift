import Crypto
import FoundationEssentials
import JOSE

/// Limits the mails that one address gets because somebody asked for them or signed in, which strangers can do. Counted
/// when a mail is sent, so that no response depends on it.
struct MailAllowance: Sendable {
    let singleUse: any SingleUseStore
    let now: @Sendable () -> Date

    init(_ core: Core) {
        singleUse = core.stores.singleUse
        now = core.now
    }

    /// Mails of one kind to one address.
    static let perHour = 4

    /// Takes one of this hour's mails. Returns `false` when none is left.
    func take(_ kind: String, to address: MailAddress) async throws -> Bool {
        // Only a digest of the address is stored.
        let key = Base64URL.encode(Array(SHA256.hash(data: Array("\(kind) \(User.key(of: address.text))".utf8))))
        let quota = HourlyQuota(limit: Self.perHour, purpose: .mail, singleUse: singleUse)
        return try await quota.take(key, in: ClockHour(of: now()))
    }
}
