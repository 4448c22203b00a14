import ServiceLifecycle

/// The services that keep a node healthy (caches, expiry, the audit log's writer), and the health checks.
struct MaintenanceTopic: Topic {
    let endpoints: [any Endpoint]
    let services: [any Service]

    init(_ core: Core, rotation: KeyRotation) {
        endpoints = [HealthEndpoint(core)]
        services = [
            StorageWatch(core),
            Maintenance(core, rotation: rotation),
            AuditWriter(log: core.audit),
        ]
    }
}
