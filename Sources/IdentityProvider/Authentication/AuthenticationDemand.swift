import FoundationEssentials
import HTTPTypes
import JOSE

/// The required strength and age of the sign-in behind an access token (RFC 9470 §3).
struct AuthenticationDemand: Hashable, Sendable {
    /// The weakest context that is accepted.
    var context: AuthenticationContext?
    /// The maximum time since the sign-in, in seconds.
    var maxAge: Int?

    var isEmpty: Bool { context == nil && maxAge == nil }
}

extension AuthenticationDemand {
    /// Reads the demand from `acr_values` and `max_age`. Throws `invalid_request` if no value of `acr_values` is
    /// supported: a misspelled demand must not be satisfied by every sign-in.
    init(_ parameters: Parameters) throws(OAuthError) {
        let values = parameters.list("acr_values")
        context = AuthenticationContext.weakest(of: values)
        maxAge = try parameters.seconds("max_age")
        guard values.isEmpty || context != nil else {
            throw .invalidRequest("acr_values has no value that this issuer supports")
        }
    }

    /// Returns the part of the demand that a sign-in does not meet. `moment` is the time of the sign-in.
    func unmet(by reached: AuthenticationContext, at moment: Date?, now: Date) -> AuthenticationDemand {
        AuthenticationDemand(
            context: context.flatMap { reached >= $0 ? nil : $0 },
            maxAge: maxAge.flatMap { limit in
                moment.map { $0.addingTimeInterval(TimeInterval(limit)) >= now } ?? false ? nil : limit
            })
    }
}

extension AuthenticationDemand {
    /// The parameters for the client's next authorization request (RFC 9470 §4).
    var members: JSONObject {
        var members: JSONObject = [:]
        members["acr_values"] = context.map { .string($0.rawValue) }
        members["max_age"] = maxAge.map(JSON.integer)
        return members
    }
}

extension OAuthError {
    /// Returns the challenge of RFC 9470 §3 for an unmet demand, in the scheme of the token.
    static func insufficientAuthentication(
        _ unmet: AuthenticationDemand, as scheme: AuthenticationScheme
    ) -> OAuthError {
        let reason = unmet.context == nil ? "a more recent sign-in is required" : "a stronger sign-in is required"
        let parameters =
            [("acr_values", unmet.context?.rawValue), ("max_age", unmet.maxAge.map(String.init))]
            .compactMap { name, value in value.map { (name, $0) } }
        var error = OAuthError.bearerChallenge(.insufficientUserAuthentication, reason, parameters, scheme: scheme)
        error.members = unmet.members
        return error
    }
}
