import Dispatch
import FoundationEssentials
import JOSE

/// An opened signing key, ready for use.
struct SigningKey: Sendable {
    let record: SigningKeyRecord
    let signer: any Signer
    let publicKey: JWK

    /// Throws `NotOurs` if the record was sealed under other keys.
    init(_ record: SigningKeyRecord, sealer: Sealer) throws {
        let opened = try sealer.open(record.sealedPrivateKey, for: .privateKey)
        let key = try PrivateKey(parsing: opened)
        self.record = record
        signer = key.signer(keyID: record.id)
        publicKey = key.publicKey(keyID: record.id)
    }
}

/// Generates signing keys in their stored form.
struct SigningKeyMaker: Sendable {
    let sealer: Sealer
    let schedule: KeyRotationSchedule

    /// One key at a time, because RSA keys keep a processor busy for a while. Requests must not wait for them.
    private static let thread = DispatchQueue(label: "martlet.keys")

    func make(
        _ algorithm: SignatureAlgorithm, number: Int, signsFrom: Date, at now: Date
    ) async throws -> SigningKeyRecord {
        let key = try await withCheckedThrowingContinuation { continuation in
            Self.thread.async { continuation.resume(with: Result { try PrivateKey.generate(for: algorithm) }) }
        }
        let signsUntil = signsFrom.addingTimeInterval(schedule.signsFor)
        return SigningKeyRecord(
            id: key.publicKey().thumbprint, algorithm: algorithm, number: number,
            sealedPrivateKey: try sealer.seal(key.serialized(), for: .privateKey), createdAt: now,
            signsFrom: signsFrom, signsUntil: signsUntil,
            publishedUntil: signsUntil.addingTimeInterval(schedule.publishedAfter))
    }
}
