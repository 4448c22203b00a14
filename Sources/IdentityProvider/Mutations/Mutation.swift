import FoundationEssentials

/// A deliberate fault, which proves that a module of the conformance program can fail. At most one is active per
/// process. Only `make conformance-mutations` builds this folder.
enum Mutation: String, CaseIterable {
    case codeWorksTwice = "M01"
    case codeOfAnyClient = "M02"
    case redirectURIByPrefix = "M03"
    case redirectURIWithoutQuery = "M04"
    case redirectURIByDefault = "M05"
    case stateDropped = "M06-dropped"
    case stateChanged = "M06-changed"
    case nonceDropped = "M07"
    case accessTokenHashWrong = "M08"
    case unpublishedKey = "M09"
    case audienceWrong = "M10-aud"
    case issuerWrong = "M10-iss"
    case keyIdentifierMissing = "M11"
    case promptNoneShowsSignIn = "M12"
    case promptLoginIgnored = "M13"
    case maximumAgeIgnored = "M14-max_age"
    case authenticationTimeMissing = "M14-auth_time"
    case signOutHintNotVerified = "M15"
    case signOutDestinationNotChecked = "M16"
    case sessionSurvives = "M17"
    case otherSubjectAtUserInfo = "M21"
    case userInfoRefusesPost = "M22"
    case requestObjectIgnored = "M23"
    case verifierNotChecked = "M28-verifier"
    case plainChallengeAccepted = "M28-plain"
    case challengeNotRequired = "M29"
    case assertionClaimsNotChecked = "M33"
    case refreshTokenOfAnyClient = "M39"
    case refreshWithoutAuthentication = "M40"
    case codeLivesLong = "M41"
    case issuerParameterMissing = "M42-missing"
    case issuerParameterWrong = "M42-wrong"
    case tokenInQuery = "M44"
    case otherIssuerInMetadata = "M46-issuer"
    case privateKeyPublished = "M46-private"
    case keyIdentifierTwice = "M46-kid"
    case errorAsPage = "M47-html"
    case errorAsFault = "M47-500"
    case errorOfOtherCode = "M47-code"
    case shortCode = "M48"
    case formNotEscaped = "M51-escaping"
    case formAsRedirect = "M51-redirect"
    case revokedTokenActive = "M53-revocation"
    case introspectionOpen = "M53-introspection"
    case oneTimePasswordTwice = "M53-totp"

    /// The fault named by `CONFORMANCE_MUTATION`. An unknown name ends the process instead of testing without a fault.
    static let current: Mutation? = {
        guard let name = ProcessInfo.processInfo.environment["CONFORMANCE_MUTATION"] else { return nil }
        guard let mutation = Mutation(rawValue: name) else {
            fatalError("unknown CONFORMANCE_MUTATION \(name), expected one of \(Mutation.allCases.map(\.rawValue))")
        }
        return mutation
    }()
}
