import Authenticators
import FoundationEssentials

/// A code from an authenticator app (RFC 6238). Each code works once.
struct TOTPFactor: SecondFactor {
    let credentials: any TOTPCredentialStore
    let sealer: Sealer
    let now: @Sendable () -> Date
    let factor = Factor.totp

    init(_ core: Core) {
        credentials = core.stores.totpCredentials
        sealer = core.sealer
        now = core.now
    }

    func isEnrolled(_ user: User) async throws -> Bool { try await !credentials.credentials(of: user.id).isEmpty }

    func verify(_ request: Request, of user: User) async throws -> ShownFactor? {
        try await verify(request.parameters["code"] ?? "", of: user).map { .totp.added(at: $0.createdAt) }
    }

    /// Returns the credential that `code` belongs to, or `nil` if there is none or the code was already used.
    private func verify(_ code: String, of user: User) async throws -> TOTPCredential? {
        let code = code.filter { $0 != " " }
        for credential in try await credentials.credentials(of: user.id) {
            guard let totp = try? totp(credential), let step = totp.step(of: code, at: now()) else { continue }
            return try await credentials.accept(step: step, for: credential.id) ? credential : nil
        }
        return nil
    }

    private func totp(_ credential: TOTPCredential) throws -> TOTP {
        guard let algorithm = TOTP.Algorithm(rawValue: credential.algorithm) else { throw InvalidTOTPSecret() }
        return try TOTP(
            secret: sealer.open(credential.sealedSecret, for: .oneTimePasswordSecret), algorithm: algorithm,
            digits: credential.digits, period: credential.period)
    }
}
