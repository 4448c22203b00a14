/// The environment variables that Kubernetes sets in every container for each Service of its namespace, such as
/// `MARTLET_PORT=tcp://10.0.0.1:80` for a Service named `martlet`. They are no settings.
enum ServiceVariables {
    /// Returns the variables of Services named `martlet` or `martlet-…`. Kubernetes always sets the host and port of a
    /// Service together, so a misspelled setting doesn't pass for one of them.
    static func names(in environment: [String: String]) -> Set<String> {
        let services = environment.keys.filter { $0.hasPrefix("MARTLET_") && $0.hasSuffix("_SERVICE_HOST") }
            .map { String($0.dropLast("_SERVICE_HOST".count)) }
            .filter { environment[$0 + "_SERVICE_PORT"] != nil }
        let names = environment.filter { name, value in
            services.contains { name.hasPrefix($0) && describesService(name.dropFirst($0.count), value) }
        }
        return Set(names.keys)
    }

    /// `suffix` follows the name of the Service.
    private static func describesService(_ suffix: Substring, _ value: String) -> Bool {
        switch suffix {
        case "_SERVICE_HOST", "_SERVICE_PORT": true
        case "_PORT": protocols.contains { value.hasPrefix("\($0.lowercased())://") }
        default: suffix.hasPrefix("_SERVICE_PORT_") || isPort(suffix)
        }
    }

    /// Whether `suffix` is `_PORT_8080_TCP` or `_PORT_8080_TCP_ADDR`, for example.
    private static func isPort(_ suffix: Substring) -> Bool {
        let parts = suffix.split(separator: "_")
        guard suffix.hasPrefix("_PORT_"), (3...4).contains(parts.count), UInt16(parts[1]) != nil,
            protocols.contains(String(parts[2]))
        else { return false }
        return parts.count == 3 || ["PROTO", "PORT", "ADDR"].contains(parts[3])
    }

    private static let protocols = ["TCP", "UDP", "SCTP"]
}
