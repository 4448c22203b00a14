/// Why a request to another server failed. Names the host at most, because the rest of a URL may hold a secret, and no
/// address, because a client may read the description.
package enum FetchError: Error, Hashable, Sendable {
    case malformedURL
    case insecure(host: String)
    case unknownHost(String)
    case privateAddress(host: String)
    case busy(host: String)
    case unreadableAuthorities(file: String)
    case untrusted(host: String, reason: String)
    case unreachable(host: String, reason: String)
    case timedOut(host: String, after: Duration)
    case tooLarge(host: String, limit: Int)
    case fieldsTooLarge(host: String, limit: Int)
    case redirected(host: String, status: Int)
    case unsuccessful(host: String, FetchResponse)
    case mediaType(String?, host: String, expected: [String])

    /// Whether the same request may succeed later: the other server can't be reached or is unwell (RFC 5861 §4), or the
    /// fault is ours.
    package var isTransient: Bool {
        switch self {
        case .unknownHost, .busy, .unreadableAuthorities, .untrusted, .unreachable, .timedOut: true
        case .unsuccessful(_, let response): [408, 425, 429].contains(response.status) || response.status >= 500
        case .malformedURL, .insecure, .privateAddress, .tooLarge, .fieldsTooLarge, .redirected, .mediaType: false
        }
    }

    package var isBusy: Bool {
        if case .busy = self { true } else { false }
    }

    /// The same error without the body and fields of the response.
    package var withoutContent: FetchError {
        guard case .unsuccessful(let host, let response) = self else { return self }
        return .unsuccessful(host: host, FetchResponse(status: response.status))
    }
}

extension FetchError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedURL: "the address is not a URL of the form https://HOST/PATH; correct it"
        case .insecure(let host):
            "\(host) would be called without TLS, and only https leaves this machine; use an https URL"
        case .unknownHost(let host): "\(host) has no address; check the name and this machine's resolver"
        case .privateAddress(let host):
            "the address is in a private network, expected a public address for \(host); allow private networks for this "
                + "purpose if \(host) is yours"
        case .busy(let host): "too many requests are in flight to call \(host) now; try again later"
        case .unreadableAuthorities(let file):
            "\(file) holds no certificates, expected a readable PEM file with certificate authorities; correct the file"
        case .untrusted(let host, let reason):
            "\(host) did not prove its identity by TLS (\(reason.excerpt)), expected a certificate for that name from a "
                + "trusted authority; renew the certificate or trust its authority"
        case .unreachable(let host, let reason): "\(host) cannot be reached (\(reason.excerpt)); check that it is up"
        case .timedOut(let host, let limit): "\(host) did not answer in full within \(limit); check that it is up"
        case .tooLarge(let host, let limit):
            "\(host) answered with more than \(limit) bytes; a smaller answer is needed"
        case .fieldsTooLarge(let host, let limit):
            "\(host) answered with more than \(limit) bytes of header fields; fewer or shorter fields are needed"
        case .redirected(let host, let status):
            "\(host) answered \(status), and redirects are not followed; use the URL that it redirects to"
        case .unsuccessful(let host, let response):
            "\(host) answered \(response.status), expected 2xx; check its log"
        case .mediaType(let type, let host, let expected):
            "\(host) answered with \(type?.excerpt ?? "no Content-Type"), expected \(expected.joined(separator: " or ")); "
                + "correct its Content-Type"
        }
    }
}

extension String {
    /// Short enough for an error or a log line, because others choose the text.
    package var excerpt: String { String(String.UnicodeScalarView(unicodeScalars.prefix(200))) }
}
