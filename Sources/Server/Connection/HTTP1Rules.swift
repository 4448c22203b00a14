import NIOHTTP1

/// Rejects requests that the parser accepts but that two recipients could interpret differently, which would allow
/// request smuggling (RFC 9112 §11.2).
enum HTTP1Rules {
    /// Returns the normalized head, or `nil` if it is rejected.
    static func check(_ head: HTTPRequestHead) -> HTTPRequestHead? {
        guard [.http1_0, .http1_1].contains(head.version), framingIsPlain(head),
            var (target, host) = targetAndHost(head)
        else { return nil }
        host = host.lowercased()
        guard isText(target), isHost(host) || host.isEmpty else { return nil }
        target = target.isEmpty ? "/" : target
        var head = head
        head.uri = target
        head.headers.replaceOrAdd(name: "Host", value: host)
        return head
    }

    /// Returns whether the framing is unambiguous: the only transfer coding allowed is `chunked`, and none in HTTP/1.0
    /// (RFC 9112 §6.1).
    private static func framingIsPlain(_ head: HTTPRequestHead) -> Bool {
        let codings = head.headers["Transfer-Encoding"]
        guard codings.isEmpty || head.version != .http1_0 && codings.count == 1 && codings[0].lowercased() == "chunked"
        else { return false }
        let lengths = head.headers["Content-Length"]
        return lengths.count <= 1 && (codings.isEmpty || lengths.isEmpty)
    }

    /// Returns the target and host. Requires exactly one `Host`, which only HTTP/1.0 may omit (RFC 9112 §3.2). A target
    /// in absolute form overrides it (§3.2.2).
    private static func targetAndHost(_ head: HTTPRequestHead) -> (target: String, host: String)? {
        let hosts = head.headers["Host"]
        guard hosts.count == 1 || hosts.isEmpty && head.version == .http1_0 else { return nil }
        let scheme = ["http://", "https://"].first { head.uri.lowercased().hasPrefix($0) }
        guard let scheme else {
            guard head.uri.hasPrefix("/") || head.uri == "*" && head.method == .OPTIONS else { return nil }
            return (head.uri, hosts.first ?? "")
        }
        let rest = head.uri.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty else { return nil }
        let target = rest.dropFirst(authority.count)
        return (target.hasPrefix("?") ? "/" + target : String(target), String(authority))
    }

    /// Returns whether the target is visible ASCII; everything else must be percent-encoded (RFC 3986 §2).
    static func isText(_ target: String) -> Bool { target.utf8.allSatisfy { 0x21...0x7E ~= $0 } }

    /// Returns whether the characters are allowed in a host (RFC 3986 §3.2.2). An `http` URI must not have user
    /// information (RFC 9110 §4.2.4).
    static func isHost(_ host: String) -> Bool {
        host.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "["),
                UInt8(ascii: "]"):
                true
            default: false
            }
        }
    }
}
