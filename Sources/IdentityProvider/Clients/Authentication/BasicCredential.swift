import FoundationEssentials
import HTTPTypes

/// The credentials of the `Basic` scheme (RFC 7617).
struct BasicCredential: ClientCredential {
    static let place = "Authorization"
    static let scheme: AuthenticationScheme? = .basic

    /// The identifier and secret that the sender may mean. Both parts are form-encoded before they are joined (RFC 6749
    /// §2.3.1), but many libraries send them as they are. The standard reading comes first; the other one is listed
    /// only if it differs.
    private let readings: [Reading]
    let proof: String?

    private struct Reading: Equatable {
        let client: Identifier<Client>
        let secret: String
    }

    /// Throws `invalid_client` if the credentials can't be decoded.
    init?(_ request: Request) throws(OAuthError) {
        guard let text = request.headers[.authorization].flatMap(AuthenticationScheme.basic.credentials) else {
            return nil
        }
        guard let data = Data(base64Encoded: text), let colon = data.firstIndex(of: UInt8(ascii: ":"))
        else { throw .invalidClient(scheme: .basic) }
        let (client, secret) = (data[..<colon], data[(colon + 1)...])
        let encoded = Self.reading(try? FormEncoding.decode(client), try? FormEncoding.decode(secret))
        let plain = Self.reading(Self.plain(client), Self.plain(secret))
        readings = [encoded, plain == encoded ? nil : plain].compactMap(\.self)
        guard !readings.isEmpty else { throw .invalidClient(scheme: .basic) }
        proof = text
    }

    var clients: [Identifier<Client>] { readings.map(\.client) }

    /// Returns the secrets that the sender may mean if it is `client`. A sender that doesn't encode one part doesn't
    /// encode the other either, so parts of different readings never go together.
    func secrets(of client: Identifier<Client>) -> [String] {
        readings.filter { $0.client == client }.map(\.secret)
    }

    private static func reading(_ client: String?, _ secret: String?) -> Reading? {
        guard let client, let secret else { return nil }
        return Reading(client: Identifier(rawValue: client), secret: secret)
    }

    /// Returns the bytes as text if all are printable ASCII, like those of any registered part (RFC 6749 §A.1, §A.2).
    private static func plain(_ bytes: Data) -> String? {
        bytes.allSatisfy { (0x20...0x7E).contains($0) } ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
