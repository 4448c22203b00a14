import FoundationEssentials
import IdentityProvider

/// The server that a URL names.
struct Destination: Hashable, Sendable {
    let isSecure: Bool
    /// Without the brackets of an IPv6 address.
    let host: String
    let port: Int

    /// Throws `malformedURL`, also for a host that two parsers might read in two ways.
    init(_ text: String) throws(FetchError) {
        guard let url = URL(string: text), url.user() == nil, url.password() == nil, let scheme = url.scheme,
            let name = url.host()
        else { throw .malformedURL }
        isSecure = scheme == "https"
        host = name.filter { $0 != "[" && $0 != "]" }
        port = url.port ?? (isSecure ? 443 : 80)
        guard isSecure || scheme == "http", (1...65_535).contains(port),
            ResolvedAddress(host) != nil || Self.isName(host)
        else { throw .malformedURL }
    }

    private static func isName(_ host: String) -> Bool {
        !host.isEmpty
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// The address to connect to. Resolved once: a name that resolves to something else afterwards leads nowhere else.
    /// Throws `FetchError` or `CancellationError`.
    func address(under policy: FetchPolicy) async throws -> ResolvedAddress {
        let addresses: [ResolvedAddress]
        do { addresses = try await Resolver.addresses(of: host) } catch is UnknownHost {
            throw FetchError.unknownHost(host)
        }
        // One private address spoils them all: which of them is used must not be a matter of luck.
        if !policy.allowsPrivateNetworks, let address = addresses.first(where: { !$0.isPublic }) {
            throw FetchError.privateAddress(address.text, host: host)
        }
        guard isSecure || addresses.allSatisfy(\.isLoopback) else { throw FetchError.insecure(host: host) }
        return addresses[0]
    }
}
