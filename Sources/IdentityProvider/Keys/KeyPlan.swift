package import FoundationEssentials
import JOSE

/// What is due for the keys of one algorithm: decided here, carried out by `KeyRotation`.
package struct KeyPlan: Sendable, Equatable {
    /// A key to make.
    package struct Birth: Sendable, Equatable {
        package let number: Int
        package let signsFrom: Date
    }

    package private(set) var birth: Birth?
    /// Keys whose last token has expired.
    package private(set) var expired: [String] = []

    package init(_ keys: [SigningKeyRecord], schedule: KeyRotationSchedule, at now: Date) {
        guard let newest = keys.max(by: { $0.number < $1.number }) else {
            // The first key of all signs at once: nobody can have cached a JWK Set without it.
            birth = Birth(number: 1, signsFrom: now)
            return
        }
        if newest.signsUntil.addingTimeInterval(-schedule.publishedBefore) <= now {
            let publishedLongEnough = now.addingTimeInterval(schedule.publishedBefore)
            birth = Birth(number: newest.number + 1, signsFrom: max(newest.signsUntil, publishedLongEnough))
        }
        expired = keys.filter { $0.number != newest.number && $0.publishedUntil <= now }.map(\.id)
    }

    /// The key that signs at `now`: the latest whose time has come. Until a successor signs, it signs on.
    package static func current(_ keys: [SigningKeyRecord], at now: Date) -> SigningKeyRecord? {
        keys.filter { $0.signsFrom <= now && $0.publishedUntil > now }.max { $0.number < $1.number }
            ?? keys.max { $0.number < $1.number }
    }
}
