/// The guard that stopped a request to another server. Names the host at most: the rest of a URL may hold a secret.
package enum FetchError: Error, Hashable, Sendable {
    case malformedURL
    case insecure(host: String)
    case unknownHost(String)
    case privateAddress(String, host: String)
    case unreadableAuthorities(file: String)
    case untrusted(host: String, reason: String)
    case unreachable(host: String, reason: String)
    case timedOut(host: String, after: Duration)
    case tooLarge(host: String, limit: Int)
    case redirected(host: String, status: Int)
    case unsuccessful(host: String, FetchResponse)
    case mediaType(String?, host: String, expected: [String])

    /// Whether the same request may succeed later: the other server could not be reached, or is unwell (RFC 5861 §4).
    package var isTransient: Bool {
        switch self {
        case .unknownHost, .untrusted, .unreachable, .timedOut: true
        case .unsuccessful(_, let response): response.status == 429 || response.status >= 500
        case .malformedURL, .insecure, .privateAddress, .unreadableAuthorities, .tooLarge, .redirected, .mediaType:
            false
        }
    }
}

extension FetchError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedURL: "the address is not a URL of the form https://HOST/PATH; correct it"
        case .insecure(let host):
            "\(host) would be called without TLS, and only https leaves this machine; use an https URL"
        case .unknownHost(let host): "\(host) has no address; check the name and this machine's resolver"
        case .privateAddress(let address, let host):
            "the address is in a private network: \(host) is \(address), expected a public address; allow private "
                + "networks for this purpose if \(host) is yours"
        case .unreadableAuthorities(let file):
            "\(file) holds no certificates, expected a readable PEM file with certificate authorities; correct the file"
        case .untrusted(let host, let reason):
            "\(host) did not prove its identity by TLS (\(reason)), expected a certificate for that name from a trusted "
                + "authority; renew the certificate or trust its authority"
        case .unreachable(let host, let reason): "\(host) cannot be reached (\(reason)); check that it is up"
        case .timedOut(let host, let limit): "\(host) did not answer in full within \(limit); check that it is up"
        case .tooLarge(let host, let limit):
            "\(host) answered with more than \(limit) bytes; a smaller answer is needed"
        case .redirected(let host, let status):
            "\(host) answered \(status), and redirects are not followed; use the URL that it leads to"
        case .unsuccessful(let host, let response):
            "\(host) answered \(response.status), expected 2xx; look into its log"
        case .mediaType(let type, let host, let expected):
            "\(host) answered with \(type ?? "no Content-Type"), expected \(expected.joined(separator: " or ")); "
                + "correct its Content-Type"
        }
    }
}
