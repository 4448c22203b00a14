import FoundationEssentials
import HTTPTypes
import JOSE
import Synchronization

/// What the provider sends to clients, changed by the active fault.
final class MutatedFetcher: Fetcher {
    private let base: any Fetcher
    private let tools = Mutex<MutationTools?>(nil)
    private let isTaken = Mutex(false)

    init(base: any Fetcher) { self.base = base }

    /// Must be called before the first request. The tools belong to the core that this fetcher is a part of.
    func use(_ tools: MutationTools) { self.tools.withLock { $0 = tools } }

    func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        guard let mutation = Mutation.current, let tools = tools.withLock({ $0 }) else {
            return try await base.fetch(request, under: policy)
        }
        switch policy.operation {
        case "logout.deliver": return try await tell(request, policy, mutation, tools)
        case "ssf.push": return try await push(request, policy, mutation, tools)
        default: return try await base.fetch(request, under: policy)
        }
    }

    // Logout tokens

    private func tell(
        _ request: FetchRequest, _ policy: FetchPolicy, _ mutation: Mutation, _ tools: MutationTools
    ) async throws -> FetchResponse {
        let token = String(String(decoding: request.body, as: UTF8.self).dropFirst("logout_token=".count))
        var changed = request
        changed.body = Self.form(try await mutation.logoutToken(token, tools))
        if mutation == .everyClientTold { try await tellStrangers(token, request, policy, tools) }
        if mutation == .clientsToldInTurn { return try await inTurn { try await base.fetch(changed, under: policy) } }
        do { return try await base.fetch(changed, under: policy) } catch let error as FetchError {
            switch mutation {
            case .failedNoticeForgotten: return FetchResponse(status: 200)
            case .refusedNoticeRepeated where error.isAnswer: throw FetchError.busy(host: "mutation")
            default: throw error
            }
        }
    }

    private func tellStrangers(
        _ token: String, _ request: FetchRequest, _ policy: FetchPolicy, _ tools: MutationTools
    ) async throws {
        for client in try await tools.clients.all() {
            guard let uri = client.logoutRules.backChannelURI, uri != request.url else { continue }
            var other = request
            other.url = uri
            other.body = Self.form(
                try await tools.resigned(token, type: LogoutToken.type) { $0["aud"] = .string(client.id.rawValue) })
            _ = try await base.fetch(other, under: policy)
        }
    }

    // Security events

    private func push(
        _ request: FetchRequest, _ policy: FetchPolicy, _ mutation: Mutation, _ tools: MutationTools
    ) async throws -> FetchResponse {
        var changed = request
        changed.body = Array(
            try await mutation.securityEvent(String(decoding: request.body, as: UTF8.self), tools).utf8)
        if mutation == .pushWithoutAuthorization { changed.headers[.authorization] = nil }
        do { return try await base.fetch(changed, under: policy) } catch let error as FetchError
            where mutation == .refusedEventRepeated && error.isAnswer
        {
            throw FetchError.busy(host: "mutation")
        }
    }

    private func inTurn(_ body: () async throws -> FetchResponse) async throws -> FetchResponse {
        while isTaken.withLock({ taken in
            defer { taken = true }
            return taken
        }) { try await Task.sleep(for: .milliseconds(20)) }
        defer { isTaken.withLock { $0 = false } }
        return try await body()
    }

    private static func form(_ token: String) -> [UInt8] { Array(FormEncoding.encode([("logout_token", token)]).utf8) }
}

extension Mutation {
    fileprivate func logoutToken(_ token: String, _ tools: MutationTools) async throws -> String {
        func changed(_ change: (inout JSONObject) -> Void) async throws -> String {
            try await tools.resigned(token, type: LogoutToken.type, change)
        }
        switch self {
        case .logoutTokenWithNonce: return try await changed { $0["nonce"] = "nonce" }
        case .logoutTokenWithoutSession: return try await changed { $0["sid"] = nil }
        case .logoutTokenForOther: return try await changed { $0["aud"] = "somebody-else" }
        case .logoutTokenWithoutEvent: return try await changed { $0["events"] = [:] }
        case .logoutTokenRenewed:
            return try await changed { $0["jti"] = .string(Base64URL.encode(RandomBytes.make(16))) }
        case .logoutTokenOfOtherType: return try await tools.resigned(token, type: "JWT")
        case .logoutTokenUnsigned:
            let header = Base64URL.encode(Array(#"{"alg":"none","typ":"logout+jwt"}"#.utf8))
            let payload = token.split(separator: ".", omittingEmptySubsequences: false)[1]
            return "\(header).\(payload)."
        default: return token
        }
    }
}
