import JOSE

/// How strong the sign-ins of an upstream are.
struct UpstreamAssurance: Sendable, Hashable {
    /// The context that each `acr` of the upstream proves. Others prove one factor.
    let contexts: [String: AuthenticationContext]
    /// The context that each value in the upstream's `amr` proves. Others prove one factor.
    let methods: [String: AuthenticationContext]
    /// The weakest sign-in of the upstream that is accepted.
    let minimum: AuthenticationContext
    /// Whether a response without `auth_time` counts as a sign-in at that moment, even if a new one was demanded.
    let assumesReauthentication: Bool

    init() {
        (contexts, methods, minimum, assumesReauthentication) = ([:], [:], .singleFactor, false)
    }

    init(document: JSONObject) throws(InvalidDocument) {
        var reader = DocumentReader(document)
        contexts = Self.contexts("acr", &reader)
        methods = Self.contexts("amr", &reader)
        minimum = reader.value("minimum_acr", AuthenticationContext.registered) ?? .singleFactor
        assumesReauthentication = reader.choice("reauthentication", ["proven": false, "assumed": true]) ?? false
        reader.refuseUnknown()
        try reader.finish()
    }

    /// Returns the context that a sign-in with this `acr` and `amr` proves.
    func context(acr: String?, amr: [String]) -> AuthenticationContext {
        let proved = [acr.flatMap { contexts[$0] }] + amr.map { methods[$0] }
        return proved.compactMap(\.self).max() ?? .singleFactor
    }

    /// Returns the `acr_values` that ask the upstream for `context`, weakest first.
    func values(reaching context: AuthenticationContext) -> [String] {
        contexts.filter { $0.value >= context }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }

    private static func contexts(_ name: String, _ reader: inout DocumentReader) -> [String: AuthenticationContext] {
        var contexts: [String: AuthenticationContext] = [:]
        for (value, context) in reader.object(name)?.members ?? [] {
            do throws(InvalidValue) {
                guard let text = context.string else { throw InvalidValue("must be a string") }
                contexts[value] = try AuthenticationContext.registered(text)
            } catch { reader.report("\(name).\(value)", error.reason) }
        }
        return contexts
    }
}
