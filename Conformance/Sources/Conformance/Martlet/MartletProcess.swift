import Foundation

/// A Martlet server started for one run, on a free loopback port and in a temporary folder that is removed afterward.
package final class MartletProcess: Sendable {
    package let issuer: String
    /// The path of its TLS certificate (PEM), or `nil` without TLS.
    package let certificate: String?
    private let process: Process
    private let folder: URL
    private let log: URL

    /// Starts `program` and waits until it is ready. `receiver` moves the receiver that the resource file names.
    /// `storage` is the value of the setting; `nil` uses a new SQLite
    /// file. With TLS, `openssl` creates a certificate for the run. `clientCA` is the path of the authorities for client
    /// certificates, which are then asked for on a port of their own.
    package init(
        program: String, resources: String, receiver: ReceiverMove? = nil, storage: String? = nil,
        isSecure: Bool = false, clientCA: String? = nil, arguments: [String] = [], environment: [String: String] = [:]
    ) async throws {
        let port = try FreePort.find()
        issuer = "\(isSecure ? "https" : "http")://localhost:\(port)"
        folder = FileManager.default.temporaryDirectory.appending(path: "martlet-conformance-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let tls = isSecure ? try TestCertificate(in: folder) : nil
        certificate = tls?.certificate
        let mutual = isSecure ? try clientCA.map(Self.mutualTLS) ?? [] : []
        let resources = try receiver?.copy(resources, to: folder) ?? resources
        log = folder.appending(path: "martlet.log")
        try Data().write(to: log)
        let key = storage == nil ? nil : try Self.makeMasterKey(by: program, in: folder)
        process = Process()
        process.executableURL = URL(filePath: program)
        process.currentDirectoryURL = folder
        process.environment = environment
        process.arguments =
            [
                "serve", "--issuer", issuer, "--listen", "127.0.0.1:\(port)", "--apply",
                URL(filePath: resources).path(percentEncoded: false), "--telemetry-level", "notice",
            ] + (storage.map { ["--storage", $0] } ?? []) + (tls?.arguments ?? []) + mutual
            + (key.map { ["--master-key-file", $0] } ?? []) + arguments
        let output = try FileHandle(forWritingTo: log)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch {
            throw InvalidTarget(reason: "cannot start \(program): \(error.localizedDescription)")
        }
        try await waitUntilReady()
    }

    private static func mutualTLS(_ authorities: String) throws -> [String] {
        let path = URL(filePath: authorities).path(percentEncoded: false)
        return ["--tls-mutual-listen", "127.0.0.1:\(try FreePort.find())", "--tls-mutual-client-ca", path]
    }

    /// Creates the master key, which Martlet doesn't create itself for a database that several nodes can share.
    private static func makeMasterKey(by program: String, in folder: URL) throws -> String {
        let key = folder.appending(path: "master.key").path(percentEncoded: false)
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.currentDirectoryURL = folder
        process.environment = [:]
        process.arguments = ["key", "master", key]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw InvalidTarget(reason: "`\(program) key master` did not create a master key")
        }
        return key
    }

    private func waitUntilReady() async throws {
        let transport = Transport(trustedRoots: certificate)
        let address = WebAddress("\(issuer)/health/ready")
        let deadline = ContinuousClock.now + .seconds(60)
        var isReady = false
        while !isReady, ContinuousClock.now < deadline, process.isRunning {
            isReady = (try? await transport.send(WebRequest("GET", address), recording: ExchangeLog()))?.status == 200
            if !isReady { try await Task.sleep(for: .milliseconds(50)) }
        }
        await transport.close()
        guard isReady else {
            let said = output
            stop()
            throw InvalidTarget(reason: "the server did not become ready: \(said)")
        }
    }

    package var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Stops the process and removes its folder.
    package func stop() {
        if process.isRunning {
            process.terminate()
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }
}

/// Finds unused loopback ports. Another process may still take the port first.
package enum FreePort {
    package static func find() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isBound else { throw InvalidTarget(reason: "no free loopback port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
