/// Sends requests to other servers. The only way out of the provider over HTTP, so that no URL from outside leads into our
/// own networks.
package protocol Fetcher: Sendable {
    /// The response, if its status is 2xx. Throws `FetchError`, or `CancellationError`.
    func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse
}
