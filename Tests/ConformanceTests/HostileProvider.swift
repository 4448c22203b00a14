import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// A provider with valid metadata that misbehaves at all other endpoints.
final class HostileProvider: Sendable {
    enum Habit: String, CaseIterable {
        case closes, hangs, garbage, halfAnAnswer, endless, redirectsForEver, redirectsNowhere, notHTML, brokenChunks,
            asksToWait, nothingButErrors, strangeTypes
    }

    let port: Int
    private let channel: any Channel

    init(_ habit: Habit, alsoInMetadata: Bool = false, tls: NIOSSLContext? = nil) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(Handler(habit, alsoInMetadata))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    func stop() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let habit: Habit
        private let alsoInMetadata: Bool
        private var received = ""

        init(_ habit: Habit, _ alsoInMetadata: Bool) {
            self.habit = habit
            self.alsoInMetadata = alsoInMetadata
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            guard received.contains("\r\n\r\n") else { return }
            let path = received.split(separator: " ").dropFirst().first ?? "/"
            let host = received.firstMatch(of: /[Hh]ost: (\S+)/).map { String($0.1) } ?? ""
            received = ""
            if path.contains("well-known"), !alsoInMetadata {
                return send(Self.answer("application/json", Self.metadata("http://\(host)")), context)
            }
            misbehave(path: String(path), host: host, context)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func misbehave(path: String, host: String, _ context: ChannelHandlerContext) {
            switch habit {
            case .closes: context.close(promise: nil)
            case .hangs: break
            case .garbage:
                send("\u{0}\u{1}\u{2} this is no HTTP \u{FF}\r\n\r\n", context)
                context.close(promise: nil)
            case .halfAnAnswer:
                send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", context)
                context.close(promise: nil)
            case .endless:
                send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9000000\r\n\r\n", context)
                for _ in 0..<90 { send(String(repeating: "x", count: 100_000), context) }
            case .redirectsForEver:
                send("HTTP/1.1 302 Found\r\nLocation: http://\(host)/again\r\nContent-Length: 0\r\n\r\n", context)
            case .redirectsNowhere:
                send("HTTP/1.1 302 Found\r\nLocation: ht!tp://[::bad\r\nContent-Length: 0\r\n\r\n", context)
            case .notHTML:
                send(Self.answer("text/html", "<form action=\"<<<\" method=post><input type=password"), context)
            case .brokenChunks:
                send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n", context)
            case .asksToWait:
                send("HTTP/1.1 503 Busy\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n", context)
            case .nothingButErrors: send("HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\noh", context)
            case .strangeTypes:
                send(Self.answer("application/json", "{\"keys\": 7, \"error\": [], \"issuer\": null}"), context)
            }
        }

        private func send(_ text: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }

        private static func answer(_ type: String, _ body: String) -> String {
            "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        private static func metadata(_ issuer: String) -> String {
            let endpoints = [
                "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint",
                "introspection_endpoint", "revocation_endpoint",
            ].map { "\"\($0)\": \"\(issuer)/\($0)\"" }
            return """
                {"issuer": "\(issuer)", \(endpoints.joined(separator: ", ")), "response_types_supported": ["code"],
                 "claims_parameter_supported": true, "response_modes_supported": ["query", "form_post"]}
                """
        }
    }
}
