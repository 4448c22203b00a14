import FoundationEssentials
import HTTPTypes
import JOSE

/// What the sign-in behind an access token must have been (RFC 9470 §3).
struct AuthenticationDemand: Hashable, Sendable {
    /// The weakest that is enough.
    var context: AuthenticationContext?
    /// How long ago it may have been, in seconds.
    var maxAge: Int?

    var isEmpty: Bool { context == nil && maxAge == nil }
}

extension AuthenticationDemand {
    /// What whoever asks about a token demands of it. Throws `invalid_request` when nobody could answer it: a demand that
    /// is misspelt must not be met by everybody.
    init(_ parameters: Parameters) throws(OAuthError) {
        let values = parameters.list("acr_values")
        context = AuthenticationContext.weakest(of: values)
        maxAge = try parameters.seconds("max_age")
        guard values.isEmpty || context != nil else {
            throw .invalidRequest("acr_values has no value that this issuer knows")
        }
    }

    /// The part that a sign-in does not answer.
    func unmet(by reached: AuthenticationContext, at moment: Date?, now: Date) -> AuthenticationDemand {
        AuthenticationDemand(
            context: context.flatMap { reached >= $0 ? nil : $0 },
            maxAge: maxAge.flatMap { limit in
                moment.map { $0.addingTimeInterval(TimeInterval(limit)) >= now } ?? false ? nil : limit
            })
    }
}

extension AuthenticationDemand {
    /// The parameters with which a client leads the person through `/authorize` again (RFC 9470 §4).
    var members: JSONObject {
        var members: JSONObject = [:]
        members["acr_values"] = context.map { .string($0.rawValue) }
        members["max_age"] = maxAge.map(JSON.integer)
        return members
    }
}

extension OAuthError {
    /// The challenge of RFC 9470 §3 for what `unmet` holds.
    static func insufficientAuthentication(_ unmet: AuthenticationDemand) -> OAuthError {
        let reason = unmet.context == nil ? "a more recent sign-in is needed" : "a stronger sign-in is needed"
        let parameters =
            [("acr_values", unmet.context?.rawValue), ("max_age", unmet.maxAge.map(String.init))]
            .compactMap { name, value in value.map { (name, $0) } }
        var error = OAuthError.bearerChallenge(.insufficientUserAuthentication, reason, parameters)
        error.members = unmet.members
        return error
    }
}
