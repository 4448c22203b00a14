import AsyncHTTPClient
import FoundationEssentials
package import IdentityProvider
import Instrumentation
import NIOCore
import NIOHTTP1
import Tracing

/// Posts webhooks over HTTPS. The name is resolved first, every address of it is looked at, and the connection goes to the
/// one that was looked at: a name that changes its mind leads nowhere else. No redirect is followed.
package struct WebhookClient: WebhookSender {
    private let allowsPrivate: Bool

    /// `allowsPrivate` also lets addresses of private networks and of this machine be called.
    package init(allowsPrivate: Bool) { self.allowsPrivate = allowsPrivate }

    /// From the first byte to the last.
    private static let timeout = TimeAmount.seconds(10)
    /// Bytes of an answer; what it says is of no interest.
    private static let answerSize = 65_536

    package func send(_ delivery: WebhookDelivery, signature: String) async throws {
        guard let url = URL(string: delivery.url), let host = url.host(), !host.isEmpty else {
            throw WebhookRefused("the address is no URL")
        }
        let address = try await destination(url, host.filter { $0 != "[" && $0 != "]" })
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(5), read: Self.timeout)
        configuration.dnsOverride = [host: address.text]
        // Its own span would tell the whole URL, in which there may be the receiver's secret.
        configuration.tracing.tracer = nil
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            try await post(delivery, signature, client)
            try await client.shutdown()
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    private func destination(_ url: URL, _ host: String) async throws -> ResolvedAddress {
        let addresses = try await Resolver.addresses(of: host)
        // One that is not allowed spoils them all: which of them is used must not be a matter of luck.
        guard allowsPrivate || addresses.allSatisfy(\.isPublic) else {
            throw WebhookRefused("the address is in a private network")
        }
        guard url.scheme == "https" || url.scheme == "http" && addresses.allSatisfy(\.isLoopback) else {
            throw WebhookRefused("only https leaves this machine")
        }
        return addresses[0]
    }

    private func post(_ delivery: WebhookDelivery, _ signature: String, _ client: HTTPClient) async throws {
        var request = HTTPClientRequest(url: delivery.url)
        request.method = .POST
        request.headers = [
            "Content-Type": "application/json", "User-Agent": "martlet", "Martlet-Delivery": delivery.id.rawValue,
            "Martlet-Signature": signature,
        ]
        if let context = ServiceContext.current {
            InstrumentationSystem.instrument.inject(context, into: &request.headers, using: HeadersInjector())
        }
        request.body = .bytes(ByteBuffer(string: delivery.body))
        let response = try await client.execute(request, timeout: Self.timeout)
        _ = try await response.body.collect(upTo: Self.answerSize)
        guard (200..<300).contains(response.status.code) else {
            throw WebhookRefused("the receiver answered \(response.status.code)")
        }
    }
}

private struct HeadersInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
        headers.replaceOrAdd(name: key, value: value)
    }
}

/// Why a webhook was not delivered.
struct WebhookRefused: Error, CustomStringConvertible {
    let description: String
    init(_ reason: String) { description = reason }
}
