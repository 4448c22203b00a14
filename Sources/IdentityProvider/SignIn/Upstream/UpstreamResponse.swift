import HTTPTypes
import JOSE

/// An authorization response of an upstream, or an error response (RFC 6749 §4.1.2, §4.1.2.1).
struct UpstreamResponse: Sendable {
    let state: String
    private let parameters: Parameters

    /// Throws `invalid_request` if `state` is missing.
    init(_ parameters: Parameters) throws(OAuthError) {
        state = try parameters.required("state")
        self.parameters = parameters
    }

    /// Returns the authorization code. Throws `UpstreamFailure`.
    func code(from upstream: Upstream, at metadata: UpstreamMetadata) throws -> String {
        // Errors as well, so that nobody can answer in the upstream's name (RFC 9207 §2.4, RFC 9700 §4.4.2.1).
        try checkIssuer(upstream, metadata)
        if let error = parameters["error"] {
            let cause = UpstreamMistake("the upstream responded with the error \(SentText(error))")
            throw UpstreamFailure(UpstreamFailure.Reason(error: error), upstream, cause: cause)
        }
        guard let code = parameters["code"] else { throw UpstreamFailure.invalid(upstream, "code is missing") }
        return code
    }

    private func checkIssuer(_ upstream: Upstream, _ metadata: UpstreamMetadata) throws {
        guard let named = parameters["iss"] else {
            guard metadata.sendsIssuer else { return }
            throw UpstreamFailure.invalid(upstream, "iss is missing in the authorization response (RFC 9207 §2.4)")
        }
        guard let issuer = metadata.issuer else {
            throw UpstreamFailure.invalid(
                upstream, "the authorization response has the iss \(SentText(named)); add it to the upstream as issuer")
        }
        guard named.isExactly(issuer) else {
            throw UpstreamFailure.invalid(
                upstream, "iss in the authorization response is \(SentText(named)), expected \(issuer)")
        }
    }

    /// Adds the name that Apple sends beside the first code. It is not signed, so it is only a suggestion.
    func completing(_ identity: UpstreamIdentity, of upstream: Upstream) -> UpstreamIdentity {
        guard upstream.preset == .apple, let text = parameters["user"],
            let name = (try? JSONObject(parsing: Array(text.utf8), maximumDepth: 4))?["name"]?.object
        else { return identity }
        var identity = identity
        for (ours, theirs) in [("given_name", "firstName"), ("family_name", "lastName")] {
            guard let value = name[theirs]?.string, Self.isName(value),
                upstream.claims.value(ours, in: identity.claims) == nil
            else { continue }
            identity.claims[upstream.claims.name(of: ours)] = .string(value)
        }
        return identity
    }

    private static func isName(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count) && !text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }
}

extension UpstreamFailure.Reason {
    /// The reason behind the `error` of an authorization response.
    init(error: String) {
        self =
            switch error {
            case "access_denied", "login_required", "interaction_required", "consent_required",
                "account_selection_required", "user_cancelled_authorize":
                .denied
            case "temporarily_unavailable", "server_error": .unavailable
            case "unmet_authentication_requirements": .weak
            default: .invalid
            }
    }
}
