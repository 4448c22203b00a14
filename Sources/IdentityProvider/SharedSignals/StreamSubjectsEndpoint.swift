import HTTPTypes
import JOSE

extension Path {
    static let addEventSubject = Path("/ssf/subjects/add")
    static let removeEventSubject = Path("/ssf/subjects/remove")
}

/// Adds users to the receiver's stream, or removes them (OpenID SSF §8.1.3). Responds the same whether or not the user
/// exists, so that receivers can't find out who has an account (§9.1).
struct StreamSubjectsEndpoint: Endpoint {
    private let receivers: ReceiverAuthenticator
    private let streams: any EventStreamStore
    private let issuer: Issuer
    private let isIncluded: Bool

    var routes: [Route] { [.signals(.post, isIncluded ? .addEventSubject : .removeEventSubject)] }

    init(_ core: Core, receivers: ReceiverAuthenticator, isIncluded: Bool) {
        streams = core.stores.eventStreams
        issuer = core.issuer
        self.receivers = receivers
        self.isIncluded = isIncluded
    }

    func respond(to request: Request) async throws -> Response {
        let receiver = try await receivers.receiver(request, to: .manage)
        let body = try request.document()
        let stream = try await receivers.stream(body["stream_id"]?.string, of: receiver)
        guard let subject = body["subject"]?.object else { throw OAuthError.invalidRequest("subject is missing") }
        try await streams.set(user(in: subject), isIncluded: isIncluded, in: stream.id)
        return Response(status: isIncluded ? .ok : .noContent, headers: [.cacheControl: "no-store"])
            .offering(receiver.nextNonce)
    }

    /// Only by `sub` (RFC 9493 §3.2.3): by email address, a receiver could find out whose `sub` is whose.
    private func user(in subject: JSONObject) throws(OAuthError) -> Identifier<User> {
        guard subject["format"]?.string == "iss_sub", let user = subject["sub"]?.string, !user.isEmpty,
            user.utf8.count <= 255
        else { throw .invalidRequest("subject must have the format iss_sub, with iss and sub") }
        guard subject["iss"]?.string?.isExactly(issuer.identifier) == true else {
            throw .invalidRequest("iss of the subject must be \(issuer.identifier)")
        }
        return Identifier(rawValue: user)
    }
}
