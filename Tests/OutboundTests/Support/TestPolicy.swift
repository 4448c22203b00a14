import IdentityProvider

extension FetchPolicy {
    /// Returns a policy that allows servers on loopback with certificates from `authority`.
    static func test(
        allowsPrivateNetworks: Bool = true, _ authority: TestAuthority? = nil, timeout: Duration = .seconds(20),
        maximumSize: Int = 1_000, mediaTypes: [String] = [], caching: FetchCaching? = nil,
        propagatesTrace: Bool = false
    ) -> FetchPolicy {
        FetchPolicy(
            operation: "test.fetch", allowsPrivateNetworks: allowsPrivateNetworks,
            authorities: authority.map { .file($0.file) } ?? .system, timeout: timeout, maximumSize: maximumSize,
            mediaTypes: mediaTypes, caching: caching, propagatesTrace: propagatesTrace)
    }
}
