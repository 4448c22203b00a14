import FoundationEssentials
import Logging
import ServiceLifecycle

/// Checks four times a second whether another node or a command changed what this node keeps in memory, so that a
/// revoked key or disabled client takes effect everywhere within a second.
struct StorageWatch: Service {
    let upkeep: any StorageUpkeep
    let clients: CachedClients
    let resources: CachedResourceServers
    let entitlements: CachedEntitlements
    let attributes: CachedAttributes
    let upstreams: CachedUpstreams
    let eventStreams: CachedEventStreams
    let vault: KeyVault
    let ring: KeyRing
    let interval: Duration

    init(_ core: Core) {
        upkeep = core.stores.upkeep
        clients = core.clients
        resources = core.resources
        entitlements = core.entitlements
        attributes = core.attributes
        upstreams = core.upstreams
        eventStreams = core.eventStreams
        vault = core.vault
        ring = core.keys
        interval = .milliseconds(250)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var seen: Int?
            var isReachable = true
            while !Task.isCancelled {
                do {
                    let version = try await upkeep.version()
                    if version != seen {
                        clients.clear()
                        resources.clear()
                        entitlements.clear()
                        attributes.clear()
                        upstreams.clear()
                        eventStreams.clear()
                        try await vault.load()
                        try await ring.reload()
                        seen = version
                    }
                    isReachable = true
                } catch  where !(error is CancellationError) {
                    if isReachable {
                        Logger.current.error(
                            "caches and keys in memory could not be refreshed", metadata: ["cause": "\(error)"])
                    }
                    isReachable = false
                } catch {}
                try? await Task.sleep(for: interval)
            }
        }
    }
}
