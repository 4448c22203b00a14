// swift-tools-version: 6.2
import PackageDescription

// Settings of every target: the strictest the compiler offers, with warnings as errors.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

// `make conformance-mutations` builds the provider with switchable deliberate faults. No other build has them.
let hasMutations = Context.environment["MARTLET_MUTATIONS"] != nil

// `make fuzz` builds the fuzz target with libFuzzer. No other build has it.
let isFuzzing = Context.environment["MARTLET_FUZZ"] != nil

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        .executable(name: "martlet-conformance", targets: ["martlet-conformance"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates.git", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", exact: "1.7.3"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", exact: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
    ],
    targets: [
        // System C libraries, each with a module map.
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "COATH", pkgConfig: "liboath", providers: [.apt(["liboath-dev"])]),
        .systemLibrary(name: "CQRCode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMaxMindDB", pkgConfig: "libmaxminddb", providers: [.apt(["libmaxminddb-dev"])]),
        .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
        .systemLibrary(name: "CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // Standards: published algorithms, independent of users and clients.
        .target(name: "JOSE", dependencies: [crypto, cryptoExtras], swiftSettings: strict),
        .target(name: "Mustache", swiftSettings: strict),
        .target(
            name: "Authenticators",
            dependencies: [
                "JOSE", "CArgon2", "COATH", "CQRCode", "CUTF8Proc", crypto, cryptoExtras,
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            resources: [.embedInCode("Password/common-passwords.txt")], swiftSettings: strict),

        // The provider: all behavior, without an HTTP server or a database.
        .target(
            name: "IdentityProvider",
            dependencies: ["JOSE", "Authenticators", crypto, httpTypes, logging, metrics, tracing, lifecycle],
            exclude: hasMutations ? [] : ["Mutations"],
            resources: [
                .embedInCode("FirstParty/openapi.json"), .embedInCode("SignIn/Passkey/passkey.js"),
                .embedInCode("Sessions/Management/check-session.js"),
            ],
            swiftSettings: strict + (hasMutations ? [.define("MARTLET_MUTATIONS", .when(configuration: .debug))] : [])),

        // Adapters: storage, network, templates, telemetry, and the HTTP server.
        .target(
            name: "SQLStorage", dependencies: ["IdentityProvider", "JOSE", crypto, logging, metrics, tracing],
            swiftSettings: strict),
        .target(name: "SQLiteDriver", dependencies: ["SQLStorage", "CSQLite"], swiftSettings: strict),
        .target(name: "MariaDBDriver", dependencies: ["SQLStorage", "CMariaDB", logging], swiftSettings: strict),
        .target(
            name: "Outbound",
            dependencies: [
                "IdentityProvider", "CCurl", httpTypes, logging, tracing,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .target(name: "GeoIP", dependencies: ["IdentityProvider", "CMaxMindDB"], swiftSettings: strict),
        .target(
            name: "Telemetry",
            dependencies: [
                logging, metrics, tracing,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "Templates", path: "templates",
            resources: [.embedInCode("pages"), .embedInCode("mail"), .embedInCode("locales")], swiftSettings: strict),
        .target(
            name: "Server",
            dependencies: [
                "IdentityProvider", "JOSE", "Mustache", "Templates", "CMalloc", crypto, httpTypes, logging, metrics,
                tracing,
                lifecycle,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
            ],
            swiftSettings: strict),

        // The program: reads the configuration, assembles the parts, and runs them.
        .executableTarget(
            name: "martlet",
            dependencies: [
                "JOSE", "Authenticators", "IdentityProvider", "SQLStorage", "SQLiteDriver", "MariaDBDriver",
                "Outbound", "GeoIP", "Telemetry", "Server", "CYAML", logging, lifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            resources: [
                .embedInCode("Demo/index.html"), .embedInCode("Demo/demo.css"), .embedInCode("Demo/demo.js"),
                .embedInCode("Demo/tv.html"),
                .embedInCode("Demo/demo.yaml"), .embedInCode("Demo/demo-upstream.yaml"),
            ],
            swiftSettings: strict),

        // A black-box test program for any OpenID Provider. It shares no code with the server, and so no bugs.
        .target(
            name: "Conformance",
            dependencies: [
                crypto, cryptoExtras,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Conformance/Sources/Conformance",
            resources: [.embedInCode("Plans/official.tsv"), .embedInCode("Reports/report.css")],
            swiftSettings: strict),
        .executableTarget(
            name: "martlet-conformance",
            dependencies: [
                "Conformance", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Conformance/Sources/martlet-conformance", swiftSettings: strict),

        // Shared test support: an issuer on a real database, a browser, and a manual clock.
        .target(
            name: "TestSupport",
            dependencies: [
                "JOSE", "Authenticators", "IdentityProvider", "SQLStorage", "SQLiteDriver", "MariaDBDriver",
                "CMariaDB", crypto, cryptoExtras, httpTypes,
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        // Run by `make test-cluster`.
        .executableTarget(
            name: "ClusterCheck",
            dependencies: ["IdentityProvider", "JOSE", "SQLStorage", "MariaDBDriver", "TestSupport"],
            path: "Tests/ClusterCheck", swiftSettings: strict),
        // Run by `make bench-storage`.
        .executableTarget(
            name: "StorageBenchmark",
            dependencies: ["IdentityProvider", "JOSE", "SQLStorage", "MariaDBDriver", "CMariaDB", "TestSupport"],
            path: "Tests/StorageBenchmark", swiftSettings: strict),
        // Run by `make bench-telemetry`.
        .executableTarget(
            name: "TelemetryBenchmark",
            dependencies: ["IdentityProvider", "Server", "Telemetry", "TestSupport", logging, lifecycle],
            path: "Tests/TelemetryBenchmark", exclude: ["token.lua"], swiftSettings: strict),
        .testTarget(name: "ClusterCheckTests", dependencies: ["ClusterCheck"], swiftSettings: strict),
        .testTarget(
            name: "JOSETests", dependencies: ["JOSE", "COpenSSL"], exclude: ["Vectors"],
            swiftSettings: strict),
        .testTarget(name: "MustacheTests", dependencies: ["Mustache"], swiftSettings: strict),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "SQLStorage", "SQLiteDriver", "MariaDBDriver", "IdentityProvider", "JOSE", "TestSupport", tracing,
            ],
            exclude: ["Former"],
            swiftSettings: strict),
        .testTarget(
            name: "ProgramTests",
            dependencies: [
                "martlet", "JOSE", "IdentityProvider", "SQLStorage", "SQLiteDriver", "MariaDBDriver", "Outbound",
                "Server",
                "TestSupport", "Authenticators", httpTypes,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["OpenAPI", "Pages"],
            swiftSettings: strict),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Server", "IdentityProvider", "JOSE", "Authenticators", "Mustache", "Templates", "TestSupport",
                httpTypes, logging,
                tracing, lifecycle,
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "Conformance", "martlet-conformance", "martlet", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "AuthenticatorsTests",
            dependencies: [
                "Authenticators", "JOSE", "TestSupport", crypto, cryptoExtras,
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "GeoIPTests", dependencies: ["GeoIP", "IdentityProvider", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "OutboundTests",
            dependencies: [
                "Outbound", "IdentityProvider", "JOSE", "Server", "TestSupport", httpTypes, logging, tracing,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "TelemetryTests", dependencies: ["Telemetry", "TestSupport", logging, metrics, tracing],
            swiftSettings: strict),
        .testTarget(
            name: "IdentityProviderTests",
            dependencies: [
                "IdentityProvider", "Templates", "JOSE", "Authenticators", "SQLStorage", "MariaDBDriver", "TestSupport",
                crypto,
                httpTypes, logging, metrics, tracing, lifecycle,
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "InMemoryLogging", package: "swift-log"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

if isFuzzing {
    package.targets.append(
        .executableTarget(
            name: "martlet-fuzz",
            dependencies: [
                "JOSE", "Authenticators", "IdentityProvider", "Server", crypto, httpTypes,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Tests/Fuzz", exclude: ["Corpus"], swiftSettings: strict))
}
