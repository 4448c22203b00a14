import Crypto
import FoundationEssentials
import JOSE

/// How many mails one address may be sent because somebody asked for them, or signed in: strangers can do so, too. Counted when a mail is
/// sent, by all nodes together, so that no answer to a request depends on it.
struct MailAllowance: Sendable {
    let spent: any SpentStore
    let now: @Sendable () -> Date

    init(_ core: Core) {
        spent = core.stores.spent
        now = core.now
    }

    /// Mails of one kind to one address in an hour.
    static let perHour = 4

    /// Takes one of the hour's mails. Returns `false` when none is left.
    func take(_ kind: String, to address: MailAddress) async throws -> Bool {
        let hour = Int(now().timeIntervalSince1970 / 3_600)
        let end = Date(timeIntervalSince1970: TimeInterval(hour + 1) * 3_600)
        // Of an address nothing is kept but its digest.
        let key = Base64URL.encode(Array(SHA256.hash(data: Array("\(kind) \(User.key(of: address.text))".utf8))))
        for number in 0..<Self.perHour {
            if try await spent.spend("\(key) \(hour) \(number)", for: .mail, until: end) { return true }
        }
        return false
    }
}
