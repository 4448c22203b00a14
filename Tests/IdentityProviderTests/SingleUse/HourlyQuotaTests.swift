import FoundationEssentials
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Hourly quotas")
struct HourlyQuotaTests {
    /// 01:59:59 UTC, one second before the third hour since 1970.
    private let lastSecond = Date(timeIntervalSince1970: 7_199)

    @Test("a clock hour ends on the hour")
    func hours() {
        #expect(ClockHour(of: lastSecond).number == 1)
        #expect(ClockHour(of: lastSecond).end == lastSecond + 1)
        #expect(ClockHour(of: lastSecond + 1).number == 2)
    }

    @Test("of 32 concurrent uses, as many succeed as the quota allows; another name or hour has its own quota")
    func quota() async throws {
        let singleUse = try await TestIssuer(resources: "{}").stores.singleUse
        let quota = HourlyQuota(limit: 4, purpose: .mail, singleUse: singleUse)
        let hour = ClockHour(of: lastSecond)
        let wins = try await race(32) { _ in try await quota.take("alice", in: hour) }
        #expect(wins.count(where: \.self) == 4)
        #expect(try await quota.take("bob", in: hour))
        #expect(try await quota.take("alice", in: ClockHour(of: lastSecond + 1)))
    }

    @Test("slots keep the stored form of earlier versions: name, hour and number")
    func storedForm() async throws {
        let singleUse = try await TestIssuer(resources: "{}").stores.singleUse
        let quota = HourlyQuota(limit: 2, purpose: .emailCode, singleUse: singleUse)
        #expect(try await singleUse.consume("alice 1 0", for: .emailCode, until: lastSecond + 1))
        #expect(try await quota.take("alice", in: ClockHour(of: lastSecond)))
        #expect(try await singleUse.isConsumed("alice 1 1", for: .emailCode))
        #expect(try await !quota.take("alice", in: ClockHour(of: lastSecond)))
    }
}
