import JOSE
import Tracing

/// Signs JWTs with the issuer's keys.
struct TokenSigner: Sendable {
    private let ring: KeyRing
    private let rotation: KeyRotation
    /// Stored because each access to the global tracer performs a dynamic cast.
    private let tracer = InstrumentationSystem.tracer

    init(_ core: Core) {
        ring = core.keys
        rotation = KeyRotation(core)
    }

    func sign(_ claims: JSONObject, type: String, by algorithm: SignatureAlgorithm) async throws -> String {
        try await tracer.withSpan("jwt.sign") { span in
            if span.isRecording { span.attributes["jwt.alg"] = algorithm.rawValue }
            return try await JWT.sign(claims, type: type, with: signer(for: algorithm))
        }
    }

    /// Makes the first key of an algorithm that had none when it was registered.
    private func signer(for algorithm: SignatureAlgorithm) async throws -> any Signer {
        do { return try ring.signer(for: algorithm) } catch is NoSigningKey {
            try await rotation.provide([algorithm])
            return try ring.signer(for: algorithm)
        }
    }
}
