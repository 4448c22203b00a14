import FoundationEssentials

/// At most `limit` uses of a name per clock hour, counted across all nodes.
struct HourlyQuota: Sendable {
    let limit: Int
    let purpose: SingleUsePurpose
    let singleUse: any SingleUseStore

    /// Takes one use of `name`. Returns `false` if the quota of the hour is used up.
    func take(_ name: String, in hour: ClockHour) async throws -> Bool {
        try await singleUse.takeSlot(of: limit, under: "\(name) \(hour.number)", for: purpose, until: hour.end)
    }
}

/// A clock hour, in UTC.
struct ClockHour: Sendable {
    /// Hours since 1970.
    let number: Int

    init(of moment: Date) { number = Int((moment.timeIntervalSince1970 / 3_600).rounded(.down)) }

    var end: Date { Date(timeIntervalSince1970: TimeInterval(number + 1) * 3_600) }
}

extension SingleUseStore {
    /// Takes one of `count` numbered slots under `name`. Each is a single-use value, so concurrent calls never share
    /// one.
    /// Returns `false` if all are taken.
    func takeSlot(of count: Int, under name: String, for purpose: SingleUsePurpose, until end: Date) async throws
        -> Bool
    {
        for number in 0..<count where try await consume("\(name) \(number)", for: purpose, until: end) { return true }
        return false
    }
}
