import Authenticators
import FoundationEssentials
import JOSE

/// Enrolls an authenticator app. A new secret is shown as a QR code and as text, and stored once the app's first code
/// proves that it arrived.
struct TOTPEnrolment: Sendable {
    let credentials: any TOTPCredentialStore
    let sealer: Sealer
    let digester: SecretDigester
    let settings: TOTPSettings
    /// The site name that the app shows next to the code.
    let name: String
    /// Seconds for which an offer is valid.
    let lifetime: TimeInterval
    let now: @Sendable () -> Date
    private static let maximumCount = 10

    init(_ core: Core) {
        credentials = core.stores.totpCredentials
        sealer = core.sealer
        digester = core.digester
        settings = core.settings.totp
        name = core.settings.name
        lifetime = core.settings.lifetimes.interaction
        now = core.now
    }

    /// A secret that is not stored until it is confirmed. The form carries it sealed.
    struct Offer: Codable {
        let user: Identifier<User>
        let secret: [UInt8]
        /// The settings that the QR code gave the app.
        let settings: TOTPSettings
        let madeAt: Date

        private enum CodingKeys: String, CodingKey {
            case user, secret, settings, madeAt
        }
    }

    /// Returns the page data for a new offer or, if it is still valid, for the one that the form carries.
    func describe(for user: User, carrying former: String?) throws -> [String: Page.Value] {
        let offer =
            former.flatMap { open($0, for: user) }
            ?? Offer(
                user: user.id, secret: RandomBytes.make(settings.secretLength), settings: settings, madeAt: now())
        let secret = Base32.encode(offer.secret)
        let address = address(of: secret, offer.settings, for: user)
        let image = Data(try QRCode(address).svg.utf8).base64EncodedString()
        return [
            "offer": .text(try sealer.seal(offer, for: .totpOffer)),
            "secret": .text(
                stride(from: 0, to: secret.count, by: 4).map { grouped(secret, $0) }.joined(separator: " ")),
            "qr_code": .text("data:image/svg+xml;base64,\(image)"),
            "address": .text(address),
        ]
    }

    /// Stores and returns the credential if the form has a current code. Returns `nil` if the code is wrong, the offer
    /// has expired or belongs to another user, or the user already has the maximum number of apps.
    func confirm(_ request: Request, by user: User) async throws -> TOTPCredential? {
        guard let offer = request.parameters["offer"].flatMap({ open($0, for: user) }),
            let totp = try? TOTP(
                secret: offer.secret, algorithm: offer.settings.algorithm, digits: offer.settings.digits),
            let step = totp.step(of: (request.parameters["code"] ?? "").filter { $0 != " " }, at: now()),
            try await credentials.credentials(of: user.id).count < Self.maximumCount
        else { return nil }
        let credential = TOTPCredential(
            id: .of(offer.secret, user.id, digester), user: user.id, name: Self.name(request.parameters["name"]),
            sealedSecret: try sealer.seal(offer.secret, for: .oneTimePasswordSecret),
            algorithm: offer.settings.algorithm.rawValue, digits: offer.settings.digits, lastStep: step,
            createdAt: now())
        return try await credentials.save(credential, by: user) ? credential : nil
    }

    private func open(_ text: String, for user: User) -> Offer? {
        guard let offer = try? sealer.open(Offer.self, from: text, for: .totpOffer), offer.user == user.id,
            now() < offer.madeAt.addingTimeInterval(lifetime)
        else { return nil }
        return offer
    }

    /// The URI that authenticator apps read (Key URI Format, github.com/google/google-authenticator/wiki).
    private func address(of secret: String, _ settings: TOTPSettings, for user: User) -> String {
        let (issuer, account) = (FormEncoding.encode(name), FormEncoding.encode(user.username))
        let shape = "algorithm=\(settings.algorithm.rawValue)&digits=\(settings.digits)&period=30"
        return "otpauth://totp/\(issuer):\(account)?secret=\(secret)&issuer=\(issuer)&\(shape)"
    }

    private func grouped(_ secret: String, _ start: Int) -> String { String(secret.dropFirst(start).prefix(4)) }

    /// The name the user gave the app, trimmed to 64 characters, or a default.
    static func name(_ text: String?) -> String {
        let plain = (text ?? "").filter { !$0.isNewline && $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } }
        let trimmed = plain.trimmingPrefix(while: \.isWhitespace)
        return trimmed.isEmpty ? "Authenticator" : String(trimmed.prefix(64))
    }
}
