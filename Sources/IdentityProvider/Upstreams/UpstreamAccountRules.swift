import JOSE

/// What happens to accounts when users sign in with an upstream.
struct UpstreamAccountRules: Sendable, Hashable {
    /// What happens at the first sign-in of someone without a linked account.
    enum SignUp: Sendable {
        /// They must sign in to an existing account to link it.
        case off
        /// They choose between an existing account and a new one.
        case ask
        /// They get an account.
        case create
    }

    /// When values of the upstream are copied to the account.
    enum Frequency: Sendable {
        case once
        case eachSignIn
    }

    /// Values of one claim, any of which is enough.
    struct Condition: Sendable, Hashable {
        let claim: String
        let values: [String]
    }

    /// Roles and groups for users whose claim has a value.
    struct MembershipRule: Sendable, Hashable {
        let condition: Condition
        let membership: Membership
    }

    let signUp: SignUp
    /// Domains of verified email addresses that may get an account; empty for all.
    let signUpDomains: [String]
    /// All must hold for a new account.
    let signUpConditions: [Condition]
    /// All must hold at each sign-in.
    let conditions: [Condition]
    /// Standard claims copied to the account.
    let profile: [String]
    /// Attributes copied to the account: the upstream's claims by attribute name.
    let attributes: [String: String]
    let profileFrequency: Frequency
    let memberships: [MembershipRule]
    let membershipFrequency: Frequency

    init(_ reader: inout DocumentReader) {
        (signUp, signUpDomains, signUpConditions) = Self.signUp(&reader)
        conditions = Self.conditions("requires", &reader)
        profile = reader.list("profile", Self.checkClaim, default: Claims.own)
        var attributes: [String: String] = [:]
        for (name, value) in reader.object("attributes")?.members ?? [] {
            attributes[name] = value.string
            if value.string == nil {
                reader.report("attributes.\(name)", "must be the name of a claim of the upstream")
            }
        }
        self.attributes = attributes
        profileFrequency = Self.frequency("copy_profile", &reader) ?? .once
        memberships = reader.objects("memberships", Self.membership)
        membershipFrequency = Self.frequency("copy_memberships", &reader) ?? .eachSignIn
    }

    /// Everything that the rules can give. They never take or give anything else.
    var managed: Membership {
        Membership(
            roles: Scope(memberships.flatMap(\.membership.roles)).values,
            groups: Scope(memberships.flatMap(\.membership.groups)).values)
    }

    private static func signUp(_ reader: inout DocumentReader) -> (SignUp, [String], [Condition]) {
        let policy: SignUp = reader.choice("sign_up", ["off": .off, "ask": .ask, "create": .create]) ?? .off
        let domains = reader.list("sign_up_domains", checkDomain)
        let conditions = conditions("sign_up_requires", &reader)
        if policy == .off, !domains.isEmpty || !conditions.isEmpty {
            reader.report("sign_up", "must be ask or create for sign_up_domains and sign_up_requires to have an effect")
        }
        return (policy, domains, conditions)
    }

    private static func conditions(_ name: String, _ reader: inout DocumentReader) -> [Condition] {
        (reader.object(name)?.members ?? []).compactMap { claim, value in
            let values = value.array?.map(\.string) ?? [value.string]
            guard !values.isEmpty, values.allSatisfy({ $0?.isEmpty == false }) else {
                reader.report("\(name).\(claim)", "must be a string or a list of strings")
                return nil
            }
            return Condition(claim: claim, values: values.compactMap(\.self))
        }
    }

    private static func membership(_ document: JSONObject) throws(InvalidDocument) -> MembershipRule {
        var reader = DocumentReader(document)
        let claim = reader.required("claim") { text throws(InvalidValue) in text }
        let value = reader.required("value") { text throws(InvalidValue) in text }
        let roles = reader.list("roles", Role.checkName)
        let groups = reader.list("groups", Role.checkName)
        if roles.isEmpty, groups.isEmpty { reader.report("roles", "is missing: name roles or groups") }
        reader.refuseUnknown()
        try reader.finish()
        return MembershipRule(
            condition: Condition(claim: claim, values: [value]), membership: Membership(roles: roles, groups: groups))
    }

    private static func frequency(_ name: String, _ reader: inout DocumentReader) -> Frequency? {
        reader.choice(name, ["once": .once, "each_sign_in": .eachSignIn])
    }

    private static func checkClaim(_ text: String) throws(InvalidValue) -> String {
        guard copied.contains(text) else {
            throw InvalidValue("must be one of \(copied.joined(separator: ", "))")
        }
        return text
    }

    /// The claims that can be copied. The username and the email address have their own rules.
    private static let copied = Claims.byScope.filter {
        [Scope.profile, Scope.phone, Scope.address].contains($0.scope)
    }
    .flatMap(\.claims).filter { !["preferred_username", "updated_at", "phone_number_verified"].contains($0) }

    static func checkDomain(_ text: String) throws(InvalidValue) -> String {
        guard text.wholeMatch(of: /[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+/) != nil else {
            throw InvalidValue("must be a lowercase domain, such as example.com")
        }
        return text
    }
}

extension UpstreamAccountRules.Condition {
    /// Whether the claim has one of the values, alone or in a list. Compares exactly.
    func holds(in claims: JSONObject) -> Bool {
        let found = claims[claim]?.array?.map(Claims.text) ?? claims[claim].map { [Claims.text($0)] } ?? []
        return found.contains { value in values.contains { $0.isExactly(value) } }
    }
}
