import FoundationEssentials
import IdentityProvider
import Logging

/// The server in a URL.
struct Destination: Hashable, Sendable {
    let isSecure: Bool
    /// In lowercase, without the brackets of an IPv6 address.
    let host: String
    let port: Int
    /// The URL with its host in lowercase and without a default port (RFC 3986 §6.2.2.1, §6.2.3).
    let url: String

    /// Throws `malformedURL`, including for a URL with a fragment, or with a host that two
    /// parsers might read differently.
    init(_ text: String) throws(FetchError) {
        guard let url = URL(string: text), url.user() == nil, url.password() == nil, let scheme = url.scheme,
            let name = url.host(), text.hasPrefix("\(scheme)://"), !text.utf8.contains(UInt8(ascii: "#"))
        else { throw .malformedURL }
        let isSecure = scheme == "https"
        let host = Self.withoutBrackets(name)
        let port = url.port ?? (isSecure ? 443 : 80)
        guard isSecure || scheme == "http", (1...65_535).contains(port),
            ResolvedAddress(host) != nil || Self.isName(host)
        else { throw .malformedURL }
        let rest = text.unicodeScalars.dropFirst(scheme.unicodeScalars.count + 3)
        let authority = Self.withoutBrackets(String(rest.prefix { $0 != "/" && $0 != "?" }))
        // The host as written, as parsed here and as AsyncHTTPClient parses it (decoded) must be the same. Otherwise it
        // would connect to another address than the one that was checked.
        guard url.host.map(Self.withoutBrackets) == host, authority == host || authority.hasPrefix("\(host):") else {
            throw .malformedURL
        }
        let target = String(rest.drop { $0 != "/" && $0 != "?" })
        self.isSecure = isSecure
        self.host = host.lowercased()
        self.port = port
        let literal = host.contains(":") ? "[\(self.host)]" : self.host
        let suffix = port == (isSecure ? 443 : 80) ? "" : ":\(port)"
        self.url = "\(scheme)://\(literal)\(suffix)\(target.hasPrefix("/") ? "" : "/")\(target)"
    }

    private static func withoutBrackets(_ host: String) -> String { host.filter { $0 != "[" && $0 != "]" } }

    private static func isName(_ host: String) -> Bool {
        // RFC 1035 §2.3.4.
        (1...253).contains(host.utf8.count)
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Returns the addresses to connect to, at least one. The name is resolved only once, so that DNS rebinding has no
    /// effect. Throws `FetchError` or `CancellationError`.
    func addresses(under policy: FetchPolicy, from resolver: Resolver) async throws -> [ResolvedAddress] {
        let addresses: [ResolvedAddress]
        do { addresses = try await resolver.addresses(of: host) } catch is UnknownHost {
            throw FetchError.unknownHost(host)
        }
        // One private address suffices for a refusal, because any of the addresses may be used.
        if !policy.allowsPrivateNetworks, let address = addresses.first(where: { !$0.isPublic }) {
            // Logged only: the error may reach a client, which must not learn our addresses.
            Logger.current.info(
                "request to a private address refused",
                metadata: ["host": "\(host)", "address": "\(address.text)", "operation": "\(policy.operation)"])
            throw FetchError.privateAddress(host: host)
        }
        guard isSecure || addresses.allSatisfy(\.isLoopback) else { throw FetchError.insecure(host: host) }
        return addresses
    }
}
