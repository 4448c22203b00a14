package import FoundationEssentials
import JOSE

/// What is due for the keys of one algorithm. `KeyRotation` carries it out.
package struct KeyPlan: Sendable, Equatable {
    /// A key to create.
    package struct Birth: Sendable, Equatable {
        package let number: Int
        package let signsFrom: Date
    }

    package private(set) var birth: Birth?
    /// The IDs of keys whose last token has expired.
    package private(set) var expired: [String] = []

    package init(_ keys: [SigningKeyRecord], schedule: KeyRotationSchedule, at now: Date) {
        guard let newest = keys.max(by: { $0.number < $1.number }) else {
            // The very first key signs at once: no one can have cached a JWK Set without it.
            birth = Birth(number: 1, signsFrom: now)
            return
        }
        if newest.signsUntil.addingTimeInterval(-schedule.publishedBefore) <= now {
            let publishedLongEnough = now.addingTimeInterval(schedule.publishedBefore)
            birth = Birth(number: newest.number + 1, signsFrom: max(newest.signsUntil, publishedLongEnough))
        }
        expired = keys.filter { $0.number != newest.number && $0.publishedUntil <= now }.map(\.id)
    }

    /// Returns the key that signs at `now`: the latest whose signing time has come. It keeps
    /// signing until its successor does.
    package static func current(_ keys: [SigningKeyRecord], at now: Date) -> SigningKeyRecord? {
        keys.filter { $0.signsFrom <= now && $0.publishedUntil > now }.max { $0.number < $1.number }
            ?? keys.max { $0.number < $1.number }
    }
}
