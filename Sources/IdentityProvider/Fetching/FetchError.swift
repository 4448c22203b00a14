/// The reason why a request to another server failed. It contains only the host of the URL, because the rest may hold a
/// secret, and no IP address, because a client may see the description.
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

    /// Whether the same request may succeed later, because the other server is unreachable or failing (RFC 5861 §4), or
    /// the problem is on our side.
    package var isTransient: Bool {
        switch self {
        case .unknownHost, .busy, .unreadableAuthorities, .untrusted, .unreachable, .timedOut: true
        case .unsuccessful(_, let response): [408, 425, 429].contains(response.status) || response.status >= 500
        case .malformedURL, .insecure, .privateAddress, .tooLarge, .fieldsTooLarge, .redirected, .mediaType: false
        }
    }

    /// Whether the other server is working, and only refused the request.
    var isAnswer: Bool {
        if case .unsuccessful = self { !isTransient } else { false }
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
        case .malformedURL: "the URL is malformed, expected https://HOST/PATH; correct it"
        case .insecure(let host):
            "the URL of \(host) does not use https, which is required for other machines; use an https URL"
        case .unknownHost(let host): "\(host) has no IP address; check the host name and this machine's DNS resolver"
        case .privateAddress(let host):
            "\(host) has an address in a private network, expected a public address; if the host is yours, allow "
                + "private networks for this purpose"
        case .busy(let host): "too many requests are in flight to call \(host) now; try again later"
        case .unreadableAuthorities(let file):
            "no certificates could be read from \(file), expected a PEM file of certificate authorities; "
                + "correct the file"
        case .untrusted(let host, let reason):
            "the TLS certificate of \(host) is not trusted (\(reason.excerpt)), expected one for that name from a "
                + "trusted authority; renew the certificate or trust its authority"
        case .unreachable(let host, let reason):
            "\(host) is unreachable (\(reason.excerpt)); check that it is running"
        case .timedOut(let host, let limit):
            "\(host) did not send a complete response within \(limit); check that it is running"
        case .tooLarge(let host, let limit):
            "the response body from \(host) is too large, expected at most \(limit) bytes; make it smaller"
        case .fieldsTooLarge(let host, let limit):
            "the header fields from \(host) are too large, expected at most \(limit) bytes; "
                + "send fewer or shorter fields"
        case .redirected(let host, let status):
            "\(host) responded with \(status), but redirects are not followed; use the URL that it redirects to"
        case .unsuccessful(let host, let response):
            "\(host) responded with status \(response.status), expected 2xx; check its log"
        case .mediaType(let type, let host, let expected):
            "\(host) responded with \(type?.excerpt ?? "no Content-Type"), expected "
                + "\(expected.joined(separator: " or ")); correct its Content-Type"
        }
    }
}

extension String {
    /// At most 200 characters, for text from other servers in errors and log lines.
    package var excerpt: String { String(String.UnicodeScalarView(unicodeScalars.prefix(200))) }
}
