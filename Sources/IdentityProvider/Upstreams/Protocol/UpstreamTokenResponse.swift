import FoundationEssentials
import JOSE

/// A successful token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
struct UpstreamTokenResponse: Sendable {
    let tokens: UpstreamTokens
    let idToken: String?

    /// Throws `UpstreamMistake`.
    init(_ object: JSONObject, at now: Date) throws {
        // GitHub sends errors with status 200.
        if let error = object["error"]?.string { throw UpstreamMistake.refused(error) }
        guard let accessToken = object["access_token"]?.string, Self.isToken(accessToken) else {
            throw UpstreamMistake("the token response has no access_token of visible ASCII characters")
        }
        // A token of another type must not be used as if it were a bearer token (RFC 6749 §7.1).
        guard object["token_type"]?.string?.lowercased() == "bearer" else {
            throw UpstreamMistake("the token_type of the token response is not Bearer")
        }
        let lifetime = object["expires_in"]?.seconds.map { min(max($0, 0), Self.longestLifetime) }
        tokens = UpstreamTokens(
            accessToken: accessToken,
            refreshToken: object["refresh_token"]?.string.flatMap { Self.isToken($0) ? $0 : nil },
            scope: object["scope"]?.string, expiresAt: lifetime.map(now.addingTimeInterval))
        idToken = object["id_token"]?.string
    }

    /// RFC 6749 §A.12. Anything else could inject a header field.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 16_384 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// In seconds.
    private static let longestLifetime: TimeInterval = 10 * 365 * 86_400
}

extension UpstreamMistake {
    /// The error of a token response (RFC 6749 §5.2).
    static func refused(_ response: FetchResponse) -> UpstreamMistake {
        refused((try? JSONObject(parsing: response.body))?["error"]?.string ?? "status \(response.status)")
    }

    static func refused(_ error: String) -> UpstreamMistake {
        UpstreamMistake("the token endpoint responded with the error \(SentText(error))")
    }
}
