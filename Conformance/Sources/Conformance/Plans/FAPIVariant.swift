/// The variant of a FAPI 2.0 plan, with the names and values of the official suite.
package struct FAPIVariant: Hashable, Sendable {
    package enum ClientAuthentication: String, Sendable, CaseIterable {
        case privateKeyJWT = "private_key_jwt"
        case mtls
    }

    package enum SenderConstraint: String, Sendable, CaseIterable { case dpop, mtls }

    package enum Identity: String, Sendable, CaseIterable {
        case openIDConnect = "openid_connect"
        case plainOAuth = "plain_oauth"
    }

    package enum RequestMethod: String, Sendable, CaseIterable {
        case unsigned
        case signed = "signed_non_repudiation"
    }

    package enum ResponseMode: String, Sendable, CaseIterable {
        case plain = "plain_response"
        case jarm
    }

    package var authentication = ClientAuthentication.privateKeyJWT
    package var constraint = SenderConstraint.dpop
    package var identity = Identity.openIDConnect
    package var requestMethod = RequestMethod.unsigned
    package var responseMode = ResponseMode.plain

    package init() {}

    package init(
        _ authentication: ClientAuthentication, _ constraint: SenderConstraint, _ identity: Identity,
        _ requestMethod: RequestMethod = .unsigned, _ responseMode: ResponseMode = .plain
    ) {
        self.authentication = authentication
        self.constraint = constraint
        self.identity = identity
        self.requestMethod = requestMethod
        self.responseMode = responseMode
    }

    /// The values by the names that the suite's modules use to say where they don't apply.
    package var values: [(name: String, value: String)] {
        [
            ("client_auth", authentication.rawValue), ("sender_constrain", constraint.rawValue),
            ("openid", identity.rawValue), ("request_method", requestMethod.rawValue),
            ("response_mode", responseMode.rawValue), ("profile", "plain_fapi"),
        ]
    }

    /// Whether direct requests of the client present its certificate.
    package var usesCertificate: Bool { authentication == .mtls || constraint == .mtls }
}

extension FAPIVariant {
    /// The security profile's variants of a usual run: every pair of values occurs in at least one.
    package static let securityPairs = [
        FAPIVariant(.privateKeyJWT, .dpop, .openIDConnect), FAPIVariant(.privateKeyJWT, .mtls, .plainOAuth),
        FAPIVariant(.mtls, .dpop, .plainOAuth), FAPIVariant(.mtls, .mtls, .openIDConnect),
    ]

    /// The same for message signing.
    package static let signingPairs = [
        FAPIVariant(.privateKeyJWT, .dpop, .openIDConnect, .signed, .jarm),
        FAPIVariant(.privateKeyJWT, .mtls, .plainOAuth, .signed, .plain),
        FAPIVariant(.mtls, .dpop, .plainOAuth, .unsigned, .jarm),
        FAPIVariant(.mtls, .mtls, .openIDConnect, .unsigned, .plain),
        FAPIVariant(.privateKeyJWT, .dpop, .openIDConnect, .unsigned, .plain),
        FAPIVariant(.mtls, .mtls, .plainOAuth, .signed, .jarm),
    ]

    /// All variants of the security profile, which sends unsigned requests and gets plain responses.
    package static let securityProfile = ClientAuthentication.allCases.flatMap { authentication in
        SenderConstraint.allCases.flatMap { constraint in
            Identity.allCases.map { FAPIVariant(authentication, constraint, $0) }
        }
    }

    /// All variants of message signing.
    package static let messageSigning = securityProfile.flatMap { variant in
        RequestMethod.allCases.flatMap { method in
            ResponseMode.allCases.map {
                FAPIVariant(variant.authentication, variant.constraint, variant.identity, method, $0)
            }
        }
    }
}
