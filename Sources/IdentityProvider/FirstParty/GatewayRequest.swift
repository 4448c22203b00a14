import HTTPTypes

extension DPoPTarget {
    static let parameters: Set = ["htm", "htu"]

    /// Returns the request that a gateway asks about: named by the parameters `htm` and `htu`, or described by a trusted
    /// proxy. `nil` for a client that asks for itself. A gateway may name any request, because only it relies on the answer,
    /// and the proof is used up. Throws `invalid_request` if `htm` or `htu` is missing, or if no proof can match them.
    init?(askedAboutIn request: Request) throws(OAuthError) {
        let parameters = request.parameters
        switch (parameters["htm"], parameters["htu"]) {
        case (let method?, let uri?):
            self.init(method: method, uris: [uri])
            guard isMatchable else { throw .invalidRequest("htu must be the http or https URL of the request") }
        case (nil, nil):
            // All four, because a proxy in front of Martlet adds some of them to each request.
            guard request.headers[.forwardedMethod] != nil, request.headers[.forwardedURI] != nil,
                request.headers[.forwardedHost] != nil, request.headers[.forwardedProto] != nil
            else { return nil }
            self = try ForwardedRequest(request).target()
        default: throw .invalidRequest("send htm and htu together")
        }
    }
}
