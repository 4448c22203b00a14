import Authenticators
import TestSupport
import Testing

@Suite("WebAuthn L3 §7: only signed responses are accepted")
struct CeremonyMutationTests {
    private static let signed = PublishedCeremony.all.filter {
        ["packed-self-es256", "packed-es256", "packed-rs256", "packed-eddsa", "fido-u2f-es256"].contains($0.name)
    }

    /// The number of mutations of each of the five vectors.
    private static let count = 10_000

    @Test("none of 50,000 mutated assertions is accepted or causes a crash", arguments: signed)
    func assertions(_ ceremony: PublishedCeremony) throws {
        let registration = try ceremony.registered.register()
        let honest = ceremony.asserted
        var random = SplitMix(seed: 7_200)
        for number in 0..<Self.count {
            var sent = honest
            switch number % 3 {
            case 0: sent.clientDataJSON = random.injure(honest.clientDataJSON)
            case 1: sent.authenticatorData = random.injure(honest.authenticatorData)
            default: sent.signature = random.injure(honest.signature)
            }
            #expect(throws: WebAuthnRefusal.self) { try sent.assert(by: registration) }
        }
    }

    @Test(
        "of 50,000 mutated registrations, none changes what is registered or causes a crash", arguments: signed)
    func registrations(_ ceremony: PublishedCeremony) throws {
        let honest = ceremony.registered
        let truth = try honest.register()
        var random = SplitMix(seed: 7_100)
        var accepted = 0
        for number in 0..<Self.count {
            var sent = honest
            if number % 5 == 0 {
                sent.clientDataJSON = random.injure(honest.clientDataJSON)
            } else {
                sent.attestationObject = random.injure(honest.attestationObject)
            }
            guard let registration = try? sent.register() else { continue }
            accepted += 1
            // The signature on the certificate itself is not checked, so a mutation there goes unnoticed. What the
            // authenticator signed is intact.
            #expect(number % 5 != 0 && registration.attestation == .certificate)
            #expect(registration.credentialID == truth.credentialID && registration.publicKey == truth.publicKey)
            // U2F signs nothing else (§8.6).
            guard ceremony.format != "fido-u2f" else { continue }
            #expect(registration.aaguid == truth.aaguid)
            #expect(registration.authenticator.signCount == truth.authenticator.signCount)
            #expect(registration.authenticator.flags == truth.authenticator.flags)
        }
        #expect(accepted < Self.count)
    }

    @Test("100,000 random and mutated inputs either parse as CBOR or are refused, within the limits")
    func cbor() throws {
        var random = SplitMix(seed: 8_949)
        let seeds = PublishedCeremony.all.map(\.registered.attestationObject)
        for number in 0..<100_000 {
            let text =
                number % 4 == 0
                ? (0..<Int.random(in: 0..<64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                : random.injure(seeds[number % seeds.count])
            guard let value = try? CBOR(parsing: text) else { continue }
            // Accepted input has one encoding, except for the order of keys.
            #expect(value.encoded().count == text.count)
        }
    }
}

/// A pseudorandom sequence that is the same in every run, so that failures can be reproduced.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// Returns `text` with one to three small mutations, never `text` itself.
    mutating func injure(_ text: [UInt8]) -> [UInt8] {
        var injured = text
        while injured == text {
            for _ in 0..<Int.random(in: 1...3, using: &self) where !injured.isEmpty {
                let place = Int.random(in: injured.indices, using: &self)
                switch Int.random(in: 0..<7, using: &self) {
                case 0: injured[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
                case 1: injured[place] = UInt8.random(in: 0...255, using: &self)
                case 2: injured.insert(UInt8.random(in: 0...255, using: &self), at: place)
                case 3: injured.remove(at: place)
                case 4: injured.removeSubrange(place...)
                case 5: injured.swapAt(place, Int.random(in: injured.indices, using: &self))
                default: injured.insert(contentsOf: injured[place...].prefix(64), at: place)
                }
            }
        }
        return injured
    }
}
