package import JOSE

/// Another provider that users may sign in with. The initializer validates the document.
package struct Upstream: Sendable {
    package let id: Identifier<Upstream>
    package let name: String
    /// The name by language tag.
    let translatedNames: [String: String]
    let preset: UpstreamPreset?
    let logoURI: String?
    let endpoints: UpstreamEndpoints
    package let clientID: String
    let authentication: UpstreamAuthentication
    /// The requested scope.
    let scope: Scope
    let responseMode: ResponseMode
    let usesPKCE: Bool
    /// Further parameters of every authorization request, such as `hd`.
    let parameters: [String: String]
    /// Whether the upstream may be in a private network or on this machine.
    let isInPrivateNetwork: Bool
    let claims: UpstreamClaims
    let assurance: UpstreamAssurance
    let accountRules: UpstreamAccountRules
    /// Users whose email addresses have one of these domains are sent to the upstream.
    let domains: [String]
    /// Whether signing out here continues at the upstream's `end_session_endpoint`.
    let endsUpstreamSession: Bool
    /// Whether the upstream's access and refresh tokens are kept.
    let keepsTokens: Bool
    package let isDisabled: Bool
    /// The sealed client secret or private key, whichever `authentication` uses.
    package let sealedSecret: [UInt8]?
    /// The members of the resource file, without secrets.
    package let document: JSONObject

    /// Throws all problems of `document` at once. Unknown members are problems, because a misspelled restriction would
    /// have no effect.
    package init(_ document: JSONObject, sealedSecret: [UInt8]? = nil) throws(InvalidDocument) {
        var reader: DocumentReader
        (preset, reader) = try Self.expand(document)
        id = Identifier(rawValue: reader.required("id", Self.checkID))
        let title = reader.translated("name")
        name = title?.text ?? id.rawValue
        translatedNames = title?.translations ?? [:]
        logoURI = reader.webURL("logo_uri")
        endpoints = UpstreamEndpoints(&reader)
        clientID = reader.required("client_id", Self.checkClientID)
        authentication = UpstreamAuthentication(&reader)
        let isOpenID = if case .discovered = endpoints { true } else { false }
        scope = reader.value("scope", Scope.init(registered:)) ?? Scope(isOpenID ? ["openid", "profile", "email"] : [])
        if isOpenID, !scope.contains(Scope.openID) { reader.report("scope", "must contain openid") }
        responseMode = reader.choice("response_mode", ["query": .query, "form_post": .formPost]) ?? .query
        usesPKCE = reader.choice("pkce", ["required": true, "off": false]) ?? true
        parameters = Self.parameters(&reader)
        isInPrivateNetwork = reader.flag("private_network") ?? false
        if endpoints.isLocal, !isInPrivateNetwork {
            reader.report("private_network", "must be true for http URLs, which only this machine can have")
        }
        claims = UpstreamClaims(&reader, isOpenID: isOpenID)
        assurance = reader.nested("assurance", UpstreamAssurance.init(document:)) ?? UpstreamAssurance()
        accountRules = UpstreamAccountRules(&reader)
        domains = reader.list("domains", UpstreamAccountRules.checkDomain)
        endsUpstreamSession = reader.choice("sign_out", ["local": false, "upstream": true]) ?? false
        keepsTokens = reader.choice("tokens", ["discard": false, "keep": true]) ?? false
        isDisabled = reader.flag("disabled") ?? false
        self.sealedSecret = sealedSecret
        self.document = document
        reader.refuseUnknown(besides: Set(UpstreamPreset.members))
        try reader.finish()
    }

    /// Returns a reader of the document with the members of its preset, which has reported those that the preset misses
    /// or doesn't use.
    private static func expand(
        _ document: JSONObject
    ) throws(InvalidDocument) -> (preset: UpstreamPreset?, reader: DocumentReader) {
        var reader = DocumentReader(document)
        let preset = reader.value("preset", UpstreamPreset.init(registered:))
        // Without its preset, everything else would seem to be missing.
        try reader.finish()
        let expanded = preset?.expand(document) ?? document
        reader = DocumentReader(expanded)
        _ = reader.text("preset")
        let required = preset?.required ?? []
        for member in required where expanded[member] == nil { reader.report(member, "is missing") }
        preset?.check(document, &reader)
        for member in UpstreamPreset.members where document[member] != nil && !required.contains(member) {
            reader.report(
                member, "is not used\(preset.map { " with the preset \($0.rawValue)" } ?? " without a preset")")
        }
        return (preset, reader)
    }

    /// The members that hold a secret and are stored sealed.
    package static let secretMembers = ["client_secret", "private_key"]

    /// The identifier is part of the upstream's `redirect_uri`.
    private static func checkID(_ text: String) throws(InvalidValue) -> String {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isASCIIAlphanumeric || $0 == 0x2D }),
            text == text.lowercased(), text.first != "-"
        else { throw InvalidValue("must be 1 to 64 lowercase letters, digits or -, not starting with -") }
        return text
    }

    private static func checkClientID(_ text: String) throws(InvalidValue) -> String {
        guard !text.isEmpty, text.utf8.count <= 1_024, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw InvalidValue("must be 1 to 1024 printable ASCII characters (RFC 6749 §A.1)")
        }
        return text
    }

    private static func parameters(_ reader: inout DocumentReader) -> [String: String] {
        var parameters: [String: String] = [:]
        for (name, value) in reader.object("parameters")?.members ?? [] {
            guard let text = value.string else {
                reader.report("parameters.\(name)", "must be a string")
                continue
            }
            guard !ownParameters.contains(name) else {
                reader.report("parameters.\(name)", "is set by Martlet; remove it")
                continue
            }
            parameters[name] = text
        }
        return parameters
    }

    /// The parameters of authorization requests that Martlet sets itself. Another value would break the checks of the
    /// response.
    private static let ownParameters: Set = [
        "response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method", "request", "request_uri", "prompt", "max_age", "login_hint", "ui_locales",
        "acr_values", "client_secret",
    ]
}

extension Upstream: Hashable {
    package static func == (left: Upstream, right: Upstream) -> Bool {
        left.document == right.document && left.sealedSecret == right.sealedSecret
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension Upstream {
    /// The name in the language of the page.
    var shownName: Page.Value {
        translatedNames.isEmpty ? .text(name) : .translated(translatedNames, otherwise: name)
    }
}
