/// Sends requests to other servers. All HTTP requests of the provider go through it, so that no URL from outside reaches
/// our own networks.
package protocol Fetcher: Sendable {
    /// The response, if its status is 2xx. Throws `FetchError`, or `CancellationError`.
    func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse
}
