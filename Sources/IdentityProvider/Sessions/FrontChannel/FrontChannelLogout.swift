import Logging

/// Finds the clients of an ended session that are told through the browser (OpenID Connect Front-Channel Logout §3).
struct FrontChannelLogout: Sendable {
    private let issuer: Issuer
    private let clients: any ClientStore

    init(_ core: Core) {
        issuer = core.issuer
        clients = core.clients
    }

    /// Returns the frames for the browser whose session ended; none if `session` is `nil`. Only the transaction that
    /// ended the session returned it, so a repeated request loads no frames.
    func frames(of session: EndedSession?) async throws -> LogoutFrames {
        guard let session else { return .none }
        var told: [Client] = []
        for id in session.clients {
            guard let client = try await clients.findEnabled(id), client.logoutRules.frontChannelURI != nil else {
                continue
            }
            told.append(client)
        }
        let untold = told.dropFirst(LogoutFrames.most).map(\.id.rawValue)
        if !told.isEmpty {
            Decision.note("The page signs the browser out of \(told.count - untold.count) clients in frames.")
        }
        if !untold.isEmpty {
            Decision.note("Too many for one page, so these were not told: \(untold.joined(separator: ", ")).")
            Logger.current.notice(
                "too many clients for the signed-out page",
                metadata: ["session": "\(session.id)", "not_told": "\(untold.joined(separator: " "))"])
        }
        return LogoutFrames(
            uris: told.prefix(LogoutFrames.most).compactMap { $0.logoutRules.location(for: session.id, at: issuer) })
    }
}

extension LogoutRules {
    /// Returns `frontchannel_logout_uri`, with `iss` and `sid` if the client wants them: always both (OpenID Connect
    /// Front-Channel Logout §2).
    fileprivate func location(for session: Identifier<Session>, at issuer: Issuer) -> String? {
        guard let uri = frontChannelURI, frontChannelNeedsSession else { return frontChannelURI }
        let query = FormEncoding.encode([("iss", issuer.identifier), ("sid", session.rawValue)])
        return "\(uri)\(uri.contains("?") ? "&" : "?")\(query)"
    }
}
