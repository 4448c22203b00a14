import FoundationEssentials

/// Continues sign-outs at the upstreams that the ended sessions rested on (OpenID Connect RP-Initiated Logout §2).
struct UpstreamSignOut: Sendable {
    private let issuer: Issuer
    private let upstreams: CachedUpstreams
    private let client: UpstreamClient
    private let sealer: Sealer

    init(_ core: Core) {
        issuer = core.issuer
        upstreams = core.upstreams
        client = UpstreamClient(core)
        sealer = core.sealer
    }

    enum Way: Sendable {
        /// The sign-out is complete.
        case done
        /// The browser must visit `location`, which leads it back.
        case onward(Upstream, location: String)
        /// Without its metadata, nobody can be signed out there.
        case unreachable(Upstream)
    }

    /// Returns how a sign-out goes on. `session` is the upstream's session that the ended one rested on, if it did.
    func way(from session: UpstreamSession?, after signOut: SignOutRequest) async throws -> Way {
        guard let session, let upstream = try await upstreams.findEnabled(session.upstream),
            upstream.endsUpstreamSession
        else { return .done }
        let metadata: UpstreamMetadata
        do { metadata = try await client.metadata(of: upstream) } catch let failure as UpstreamFailure {
            Decision.note(
                "The upstream \(upstream.id) can't be asked to sign the user out: \(failure.reason.rawValue).")
            return .unreachable(upstream)
        }
        guard let endpoint = metadata.endSessionEndpoint else { return .done }
        Decision.note("The sign-out continues at the upstream \(upstream.id).")
        let query = try FormEncoding.encode(parameters(of: session, at: upstream, signOut))
        return .onward(upstream, location: "\(endpoint)\(endpoint.contains("?") ? "&" : "?")\(query)")
    }

    private func parameters(
        of session: UpstreamSession, at upstream: Upstream, _ signOut: SignOutRequest
    ) throws -> [(name: String, value: String)] {
        let state = try sealer.seal(
            UpstreamSignOutState(upstream: upstream.id, signOut: signOut), for: .upstreamSignOut)
        return hint(of: session) + [
            ("client_id", upstream.clientID),
            ("post_logout_redirect_uri", issuer.url(Path.upstreamSignedOut.with(upstream.id.rawValue))),
            ("state", state),
        ] + (signOut.languages.isEmpty ? [] : [("ui_locales", signOut.languages.joined(separator: " "))])
    }

    /// Without the hint, the upstream asks the user.
    private func hint(of session: UpstreamSession) -> [(name: String, value: String)] {
        guard let sealed = session.sealedIDToken, let token = try? sealer.open(sealed, for: .upstreamIDToken),
            token.count <= Self.longestHint
        else { return [] }
        return [("id_token_hint", String(decoding: token, as: UTF8.self))]
    }

    /// In bytes. Proxies refuse responses with a `Location` of more than 4 to 8 KiB.
    private static let longestHint = 3_072

    /// Returns the sign-out that led to `upstream`, or `nil` if `state` is not from here or too old.
    func open(_ state: String, from upstream: String) -> SignOutRequest? {
        guard let opened = try? sealer.open(UpstreamSignOutState.self, from: state, for: .upstreamSignOut),
            opened.upstream.rawValue == upstream
        else { return nil }
        return opened.signOut
    }
}

/// An in-flight sign-out at an upstream, sealed as the `state` of the request.
struct UpstreamSignOutState: Codable, Sendable {
    let upstream: Identifier<Upstream>
    let signOut: SignOutRequest

    private enum CodingKeys: String, CodingKey { case upstream, signOut }
}
