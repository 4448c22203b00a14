import FoundationEssentials
import Authenticators
import JOSE

/// Administers one issuer, for resource files and commands.
package struct Administration: Sendable {
    let stores: Stores
    let sealer: Sealer
    let digester: SecretDigester
    let passwords: PasswordFactor
    let upstreams: CachedUpstreams
    package let audit: AuditLog
    let notices: AccountNotices
    let sessionEnd: SessionEnd
    let keyRotation: KeyRotation
    let recoveryCodes: RecoveryCodeFactor
    let accessCodes: AccessCodeFactor
    let now: @Sendable () -> Date

    package init(_ core: Core) {
        stores = core.stores
        sealer = core.sealer
        digester = core.digester
        passwords = core.passwords
        upstreams = core.upstreams
        audit = core.audit
        notices = AccountNotices(core)
        sessionEnd = SessionEnd(core)
        keyRotation = KeyRotation(core)
        recoveryCodes = RecoveryCodeFactor(core)
        accessCodes = AccessCodeFactor(core)
        now = core.now
    }

    /// Makes the stored resources match `resources` and returns the changes; a second call changes nothing. `isPlan`
    /// only returns the changes. `prunes` also deletes what `resources` does not mention. Throws `InvalidResources`, and
    /// changes nothing, if `resources` conflicts with what is stored.
    package func apply(_ resources: ResourceSet, isPlan: Bool = false, prunes: Bool = false) async throws -> [Change] {
        try await refuseConflicts(with: resources, prunes: prunes)
        try await refuseSharedTypes(in: resources, prunes: prunes)
        if !isPlan {
            let servers = resources.resourceServers.filter { $0.format == .jwt }.map(\.accessTokenAlgorithm)
            try await provideKeys(for: servers + resources.clients.flatMap(\.client.algorithms.all))
        }
        var changes: [Change] = []
        changes += try await applyResourceServers(resources.resourceServers, isPlan: isPlan, prunes: prunes)
        changes += try await applyAttributes(resources.attributes, isPlan: isPlan, prunes: prunes)
        changes += try await applyRoles(resources.roles, isPlan: isPlan, prunes: prunes)
        changes += try await applyGroups(resources.groups, isPlan: isPlan, prunes: prunes)
        changes += try await applyUpstreams(resources.upstreams, isPlan: isPlan, prunes: prunes)
        changes += try await applyClients(resources.clients, isPlan: isPlan, prunes: prunes)
        changes += try await applyUsers(resources.users, isPlan: isPlan, prunes: prunes)
        if !isPlan { changes.forEach(record) }
        return changes
    }

    /// Publishes keys of the algorithms before anything is signed with them.
    func provideKeys(for algorithms: [SignatureAlgorithm]) async throws {
        try await keyRotation.provide(Set(algorithms).subtracting(KeyRing.standardAlgorithms))
    }

    /// The maximum number of attempts at a change that conflicts with others, which is more than ever compete at once.
    static let attempts = 100

    /// The actor that the command or request names, or Martlet itself at startup.
    var actor: AuditActor { RequestContext.current.actor ?? .system }

    func record(_ change: Change) {
        audit.record(
            .resourceChanged(kind: change.kind, name: change.name, action: change.action, members: change.members),
            client: change.kind == "client" ? Identifier(rawValue: change.name) : nil, by: actor)
    }

    private func applyResourceServers(_ wanted: [ResourceServer], isPlan: Bool, prunes: Bool) async throws -> [Change] {
        let stored = Dictionary(
            uniqueKeysWithValues: try await stores.resourceServers.all().map { ($0.identifier, $0) })
        var changes: [Change] = []
        for server in wanted where stored[server.identifier] != server {
            let action: ResourceAction = stored[server.identifier] == nil ? .create : .update
            let differences = try MemberDifference.all(from: stored[server.identifier], to: server)
            changes.append(Change(action, "resource server", server.identifier, differences))
            if !isPlan { try await stores.resourceServers.save(server) }
        }
        for name in stored.keys.sorted() where prunes && !wanted.contains(where: { $0.identifier == name }) {
            changes.append(Change(.delete, "resource server", name))
            if !isPlan { try await stores.resourceServers.delete(name) }
        }
        return changes
    }
}
