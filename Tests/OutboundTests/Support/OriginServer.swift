import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

/// A foreign server on every available loopback address. It responds as configured and records its requests.
final class OriginServer: Sendable {
    typealias Output = NIOAsyncChannelOutboundWriter<ByteBuffer>
    private typealias Listener = NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>
    typealias Answer = @Sendable (Asked, Output) async throws -> Void

    struct Asked: Sendable {
        let method: String
        let path: String
        let fields: [String: String]
        let body: String

        /// `nil` until the request is complete.
        init?(_ text: String) {
            guard let end = text.range(of: "\r\n\r\n") else { return nil }
            let lines = text[..<end.lowerBound].split(separator: "\r\n")
            let line = lines[0].split(separator: " ")
            (method, path) = (String(line[0]), String(line[1]))
            fields = Dictionary(
                lines.dropFirst().map { line in
                    let parts = line.split(separator: ":", maxSplits: 1)
                    return (parts[0].lowercased(), String(parts[1].drop { $0 == " " }))
                }
            ) { $0 + ", " + $1 }
            body = String(text[end.upperBound...])
            guard body.utf8.count >= fields["content-length"].flatMap({ Int($0) }) ?? 0 else { return nil }
        }
    }

    private final class Record: Sendable {
        let asked = Mutex<[Asked]>([])
    }

    let port: Int
    private let record = Record()
    private let servers: [Task<Void, any Error>]

    /// Serves plain HTTP if `tls` is `nil`.
    init(_ tls: NIOSSLContext?, _ answer: @escaping Answer) async throws {
        let listeners = try await Self.listen(tls)
        port = listeners[0].channel.localAddress?.port ?? 0
        servers = listeners.map { [record] listener in
            Task { try await Self.serve(listener, record, answer) }
        }
    }

    deinit { for server in servers { server.cancel() } }

    static let hasIPv6 = ((try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)) ?? "").contains(" lo")

    var asked: [Asked] { record.asked.withLock { $0 } }

    /// Needs the same port on each address, and another process may have taken it on one of them.
    private static func listen(_ tls: NIOSSLContext?) async throws -> [Listener] {
        for _ in 0..<100 {
            let first = try await listen("127.0.0.1", 0, tls)
            guard hasIPv6 else { return [first] }
            if let second = try? await listen("::1", first.channel.localAddress?.port ?? 0, tls) {
                return [first, second]
            }
            try await first.channel.close()
        }
        throw Unexpected("no port is free on both addresses")
    }

    private static func listen(_ host: String, _ port: Int, _ tls: NIOSSLContext?) async throws -> Listener {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: host, port: port) {
            channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    }

    private static func serve(
        _ server: Listener, _ record: Record,
        _ answer: @escaping Answer
    ) async throws {
        try await server.executeThenClose { connections in
            await withDiscardingTaskGroup { group in
                // A client that disconnects breaks only its own connection.
                do {
                    for try await connection in connections {
                        group.addTask { try? await serve(connection, record, answer) }
                    }
                } catch {}
                group.cancelAll()
            }
        }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ record: Record, _ answer: Answer
    ) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var received = ""
            for try await part in inbound {
                received += String(buffer: part)
                guard let asked = Asked(received) else { continue }
                received = ""
                record.asked.withLock { $0.append(asked) }
                try await answer(asked, outbound)
            }
        }
    }
}

extension OriginServer.Output {
    func send(_ text: String) async throws { try await write(ByteBuffer(string: text)) }

    /// Writes a whole response; `fields` are lines.
    func respond(_ status: Int = 200, _ fields: [String] = ["Content-Type: application/json"], _ body: String = "{}")
        async throws
    {
        let lines = ["HTTP/1.1 \(status) Status", "Content-Length: \(body.utf8.count)"] + fields
        try await send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}
