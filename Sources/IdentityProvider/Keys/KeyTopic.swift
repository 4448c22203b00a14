/// The signing keys: their rotation and the JWK Set.
struct KeyTopic: Topic {
    let rotation: KeyRotation
    let endpoints: [any Endpoint]

    init(_ core: Core) {
        rotation = KeyRotation(core)
        endpoints = [JWKSetEndpoint(core)]
    }
}
