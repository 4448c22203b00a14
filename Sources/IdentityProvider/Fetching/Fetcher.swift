/// Sends requests to other servers. All outgoing HTTP requests of the provider go through it, which prevents
/// server-side request forgery (SSRF).
package protocol Fetcher: Sendable {
    /// Returns the response if its status is 2xx. Throws `FetchError` or `CancellationError`.
    func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse
}
