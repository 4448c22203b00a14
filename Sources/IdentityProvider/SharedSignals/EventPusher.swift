import HTTPTypes
import JOSE
import Logging

/// Pushes security events to receivers (RFC 8935).
struct EventPusher: Sendable {
    private let fetcher: any Fetcher
    private let sealer: Sealer
    private let signer: SecurityEventSigner
    private let audit: AuditLog

    init(_ core: Core, signer: SecurityEventSigner) {
        fetcher = core.fetcher
        sealer = core.sealer
        audit = core.audit
        self.signer = signer
    }

    /// Throws unless the receiver takes the event: `RefusedEvent` if it never will.
    func push(_ event: SecurityEvent, over stream: EventStream, to client: Client) async throws {
        guard let endpoint = stream.endpoint else { throw NotPushed() }
        var request = FetchRequest(
            .post, endpoint, headers: [.contentType: "application/secevent+jwt", .accept: "application/json"],
            body: Array(try await signer.sign(event, for: client).utf8))
        if let field = try sealer.authorization(of: stream) { request.headers[.authorization] = field }
        do {
            let response = try await fetcher.fetch(request, under: Self.policy(for: client))
            // Only 202 is an acknowledgment (RFC 8935 §2.2): a web server that answers everything with 200 loses events.
            guard response.status == 202 else { throw UnexpectedAnswer(status: response.status) }
            Measurements.countSecurityEvents(1, "push", "delivered")
        } catch FetchError.unsuccessful(let host, let response) where response.status == 400 {
            // Without the code, it is another program's error page (RFC 8935 §2.3).
            guard let refusal = RefusedEvent(response.body) else {
                throw FetchError.unsuccessful(host: host, FetchResponse(status: response.status))
            }
            refusal.record(event.id, over: stream, by: "push", in: audit)
            throw refusal
        } catch let error as FetchError { throw error.withoutContent }
    }

    private static func policy(for client: Client) -> FetchPolicy {
        FetchPolicy(
            operation: "ssf.push", allowsPrivateNetworks: client.isInPrivateNetwork, timeout: .seconds(10),
            maximumSize: 65_536, mediaTypes: [], caching: nil)
    }
}

/// A receiver refused an event for good (RFC 8935 §2.3; RFC 8936 §2.6).
struct RefusedEvent: Error, CustomStringConvertible {
    /// The registered code, or another that the receiver uses. At most 64 letters, digits, `_` and `-`.
    let code: String
    let text: SentText

    /// Returns `nil` unless `body` is JSON with `err`.
    init?(_ body: [UInt8]) { self.init((try? JSONObject(parsing: body, maximumDepth: 8)) ?? [:]) }

    init?(_ object: JSONObject) {
        guard let code = object["err"]?.string, (1...64).contains(code.utf8.count),
            code.utf8.allSatisfy({ byte in
                byte.isASCIIAlphanumeric || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            })
        else { return nil }
        self.code = code
        text = SentText(object["description"]?.string ?? "")
    }

    var description: String { "the receiver refused it: \(code) \(text)" }

    func record(
        _ event: Identifier<SecurityEvent>, over stream: EventStream, by method: String, in audit: AuditLog
    ) {
        Measurements.countSecurityEvents(1, method, "refused")
        Logger.current.error(
            "receiver refused a security event",
            metadata: [
                "event": "\(event)", "stream": "\(stream.id)", "client_id": "\(stream.client)", "error": "\(code)",
                "description": "\(text)",
            ])
        audit.record(.securityEventRefused(stream: stream.id, error: code), client: stream.client)
    }
}

/// A receiver answered a push with neither an acknowledgment nor an error.
struct UnexpectedAnswer: Error, CustomStringConvertible {
    let status: Int
    var description: String { "the receiver responded with status \(status), expected 202 (RFC 8935 §2.2)" }
}

/// The stream changed since its events were read, and its receiver polls now.
struct NotPushed: Error, CustomStringConvertible {
    let description = "the stream is not pushed now"
}
