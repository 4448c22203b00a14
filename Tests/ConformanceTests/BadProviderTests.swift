import Foundation
import NIOSSL
import Testing

@testable import Conformance

@Suite("A misbehaving provider gets a verdict for every module, and the run ends")
struct BadProviderTests {
    private func target(_ issuer: String) -> Target {
        var first = Registration(
            clientID: "first", clientSecret: "a secret of some length",
            redirectURIs: ["https://rp.example/cb", "https://rp.example/cb?x=1"])
        first.postLogoutRedirectURIs = ["https://rp.example/out"]
        let roles = ["first", "second", "client_secret_post", "public", "service", "api"]
        var target = Target(
            issuer: issuer, clients: Dictionary(uniqueKeysWithValues: roles.map { ($0, first) }),
            user: Account(username: "a", password: "bbbbbbbb"))
        target.otherUser = target.user
        target.secondFactorUser = Account(username: "a", password: "bbbbbbbb", totpSecret: "JBSWY3DPEHPK3PXP")
        var client = first
        client.privateKey = [
            "kty": "EC", "crv": "P-256", "d": "3sTcUWtBG8NW1QSBTSW9KLp__rDIQOOWYcSiPa0ISIU", "kid": "key",
        ]
        target.fapi = [client, client]
        target.clients["signed"] = client
        return target
    }

    /// The plans with one variant, and the largest FAPI plan.
    private static let plans =
        Plans.base + [
            Plan(
                "fapi2-message-signing-final-test-plan",
                variant: Variant(fapi: FAPIVariant(.privateKeyJWT, .dpop, .openIDConnect, .signed, .jarm)))
        ]

    private func run(_ issuer: String, _ selection: Selection, trust: String? = nil) async -> [ModuleResult] {
        var limits = Transport.Limits()
        limits.seconds = 1
        limits.patience = 1
        let transport = Transport(limits: limits, trustedRoots: trust)
        let runner = Runner(target: target(issuer), transport: transport, width: 32, pace: 0.001)
        let results = await runner.run(selection) { _, _ in }
        await transport.close()
        return results.flatMap(\.modules)
    }

    /// Modules that expect a refusal, and may mistake garbage for one.
    private static let wantsRefusal: Set = ["oidcc-response-type-missing", "oidcc-ensure-registered-redirect-uri"]

    @Test("a provider that misbehaves everywhere except in its metadata", arguments: HostileProvider.Habit.allCases)
    func endpoints(_ habit: HostileProvider.Habit) async throws {
        let provider = try await HostileProvider(habit)
        let results = await run("http://127.0.0.1:\(provider.port)", Selection(plans: Self.plans))
        try await provider.stop()
        #expect(results.count == Self.plans.map(\.modules.count).reduce(0, +))
        for result in results where result.outcome != .passed {
            #expect(result.reason != nil || !result.broken.isEmpty, "\(result.module)")
        }
        for result in results where Plans.basic.modules.contains(result.module) {
            let mayPass = Self.wantsRefusal.contains(result.module)
            #expect(mayPass || ![.passed, .warning].contains(result.outcome), "\(result.module)")
        }
    }

    @Test("a provider that misbehaves from the first request", arguments: HostileProvider.Habit.allCases)
    func everywhere(_ habit: HostileProvider.Habit) async throws {
        let provider = try await HostileProvider(habit, alsoInMetadata: true)
        let selection = Selection(plans: [Plans.basic, Plans.config])
        let results = await run("http://127.0.0.1:\(provider.port)", selection)
        try await provider.stop()
        #expect(results.count == 39)
        for result in results where result.outcome != .notImplemented {
            // Given an empty document, some modules conclude that there is nothing to test.
            #expect(
                result.outcome == .failed || habit == .strangeTypes && result.outcome == .skipped, "\(result.module)")
            #expect(result.reason != nil || !result.broken.isEmpty, "\(result.module)")
        }
    }

    @Test("a provider that is not listening")
    func absent() async throws {
        let port = try FreePort.find()
        let results = await run("http://127.0.0.1:\(port)", Selection(plans: [Plans.config, Plans.logout]))
        #expect(results.count == 12)
        #expect(results.allSatisfy { $0.outcome == .failed && $0.reason != nil })
    }

    @Test("an untrusted certificate is refused, unless the tester trusts its authority")
    func certificate() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "conformance-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (key, certificate) = (folder.appending(path: "key.pem").path, folder.appending(path: "cert.pem").path)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
            "-out", certificate,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let tls = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: key, format: .pem))))
        let provider = try await HostileProvider(.nothingButErrors, tls: tls)
        let issuer = "https://localhost:\(provider.port)"
        let selection = Selection(plans: [Plans.config])
        let distrusted = await run(issuer, selection)
        #expect(distrusted.first?.outcome == .failed)
        #expect(distrusted.first?.reason?.contains("the exchange failed") == true)
        let trusted = await run(issuer, selection, trust: certificate)
        // The server is reached now, but claims to be another issuer.
        #expect(trusted.first?.broken.contains { $0.condition == MetadataConditions.namesIssuer.name } == true)
        try await provider.stop()
    }

    @Test("a script that takes too long is stopped")
    func tooLong() async {
        let module = Module("endless", ["x"], limit: 0.05) { _ in try await Task.sleep(for: .seconds(3_600)) }
        let transport = Transport()
        let result = await module.run(
            Trial(target: target("http://127.0.0.1:1"), variant: Variant(), transport: transport))
        await transport.close()
        #expect(result.outcome == .interrupted)
        #expect(result.reason?.contains("longer") == true)
    }

    @Test("a script that judges nothing, or loses its way, does not pass")
    func nothing() async {
        let transport = Transport()
        let trial = { Trial(target: target("http://127.0.0.1:1"), variant: Variant(), transport: transport) }
        #expect(await Module("idle", ["x"]) { _ in }.run(trial()).outcome == .interrupted)
        #expect(
            await Module("lost", ["x"]) { _ in throw CocoaError(.fileNoSuchFile) }.run(trial()).outcome == .interrupted)
        #expect(await Module("skips", ["x"]) { _ in throw Skip(reason: "r") }.run(trial()).outcome == .skipped)
        #expect(
            await Module("poor", ["x"]) { _ in throw NotConfigured(what: "w") }.run(trial()).outcome == .notConfigured)
        await transport.close()
    }
}
