import FoundationEssentials
import HTTPTypes
import JOSE
import Synchronization

/// Faults in the use of `request_uri`.
extension Mutation {
    func changeRequestURI(_ edit: inout RequestEdit, _ tools: MutationTools) async throws {
        guard let uri = edit["request_uri"] else { return }
        if self == .requestURIOfAnyClient, PushedRequests.isPushed(uri), let owner = try await tools.owner(of: uri) {
            edit["client_id"] = owner.rawValue
        }
        if self == .anyRequestURIFetched, uri.hasPrefix("http") {
            let policy = FetchPolicy(
                operation: "mutation", allowsPrivateNetworks: true, timeout: .seconds(2), maximumSize: 65_536,
                mediaTypes: ["application/oauth-authz-req+jwt"], caching: nil)
            _ = try? await tools.fetcher.fetch(FetchRequest(.get, uri), under: policy)
        }
    }
}

extension MutationTools {
    /// Returns the client that pushed the request.
    fileprivate func owner(of uri: String) async throws -> Identifier<Client>? {
        guard let secret = uri.split(separator: ":").last else { return nil }
        for digest in digester.digests(String(secret), of: PushedRequest.self) {
            guard let sealed = try await pushed.find(Base64URL.encode(digest.bytes)) else { continue }
            let bytes = try sealer.open(sealed, for: .pushedRequest)
            return try JSONDecoder().decode(PushedRequest.self, from: Data(bytes)).request.client
        }
        return nil
    }
}

struct FaultyPushedRequests: PushedRequestStore {
    let base: any PushedRequestStore
    /// Requests that were used up when their page was loaded.
    private static let loaded = Mutex<Set<String>>([])

    func save(_ sealed: [UInt8], as id: String, until expiry: Date) async throws {
        try await base.save(sealed, as: id, until: expiry)
    }

    func find(_ id: String) async throws -> [UInt8]? {
        let found = try await base.find(id)
        if Mutation.current == .requestURIUsedByLoading, found != nil, try await base.consume(id) {
            Self.loaded.withLock { _ = $0.insert(id) }
        }
        return found
    }

    func consume(_ id: String) async throws -> Bool {
        switch Mutation.current {
        case .requestURIWorksTwice: try await base.find(id) != nil
        case .requestURIUsedByLoading: Self.loaded.withLock { $0.remove(id) != nil }
        default: try await base.consume(id)
        }
    }
}
