import FoundationEssentials
import JOSE

extension Administration {
    /// Links stay when an upstream is deleted, and work again if it is added again with the same users.
    func applyUpstreams(_ wanted: [UpstreamDocument], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        let stored = Dictionary(uniqueKeysWithValues: try await stores.upstreams.all().map { ($0.id, $0) })
        var changes: [Change] = []
        for document in wanted {
            let former = stored[document.upstream.id]
            let upstream = try upstream(document, over: former)
            guard former != upstream else { continue }
            changes.append(
                Change(
                    former == nil ? .create : .update, "upstream", upstream.id.rawValue,
                    differences(former, upstream, secret: document.secret)))
            if !isPlan { try await stores.upstreams.save(upstream) }
        }
        for id in stored.keys.sorted(by: { $0.rawValue < $1.rawValue })
        where prunes && !wanted.contains(where: { $0.upstream.id == id }) {
            changes.append(Change(.delete, "upstream", id.rawValue))
            if !isPlan { try await stores.upstreams.delete(id) }
        }
        if !changes.isEmpty, !isPlan { upstreams.clear() }
        return changes
    }

    /// Returns the stored upstreams that name their users otherwise in `resources`. Their links will no longer count.
    package func upstreamsWithOtherUsers(_ resources: ResourceSet) async throws -> [Identifier<Upstream>] {
        guard !resources.upstreams.isEmpty else { return [] }
        let stored = try await stores.upstreams.all()
        return resources.upstreams.map(\.upstream).filter { wanted in
            stored.contains { $0.id == wanted.id && $0.authority != wanted.authority }
        }.map(\.id)
    }

    /// Returns the upstream that the file describes. An unchanged secret keeps its sealed form.
    private func upstream(_ document: UpstreamDocument, over stored: Upstream?) throws -> Upstream {
        let wanted = document.upstream
        let kept = try Upstream(wanted.document, sealedSecret: stored?.sealedSecret)
        if isSecret(document.secret, of: kept) { return kept }
        return try Upstream(wanted.document, sealedSecret: sealer.seal(document.secret, of: wanted))
    }

    private func isSecret(_ secret: String, of upstream: Upstream?) -> Bool {
        guard let upstream, let former = try? sealer.secret(of: upstream) else { return false }
        return ConstantTime.equal(Array(former.utf8), Array(secret.utf8))
    }

    private func differences(_ stored: Upstream?, _ wanted: Upstream, secret: String) -> [MemberDifference] {
        let differences = MemberDifference.all(from: stored?.document, to: wanted.document)
        guard !isSecret(secret, of: stored) else { return differences }
        return differences + [MemberDifference(wanted.authentication.secretMember, from: nil, to: nil)]
    }
}
