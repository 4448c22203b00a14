import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// A client that sends any bytes, valid or not, and reads what comes back.
struct RawConnection {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let output: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var unread = ByteBuffer()
    /// Whether the server ended with a reset, which may lose data that the client has not read yet.
    private(set) var wasReset = false

    /// `origin` is the client's address, and `receiveBuffer` the size of its receive buffer.
    static func run<Result>(
        to port: Int, from origin: String? = nil, tls: TLSConfiguration? = nil, receiveBuffer: Int? = nil,
        _ body: (inout RawConnection) async throws -> Result
    ) async throws -> Result {
        try await run(
            to: SocketAddress(ipAddress: "127.0.0.1", port: port), from: origin, tls: tls,
            receiveBuffer: receiveBuffer, body)
    }

    static func run<Result>(
        to address: SocketAddress, from origin: String? = nil, tls: TLSConfiguration? = nil,
        receiveBuffer: Int? = nil, _ body: (inout RawConnection) async throws -> Result
    ) async throws -> Result {
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let origin { bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: origin, port: 0)) }
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel =
            try await bootstrap
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = RawConnection(inbound: inbound.makeAsyncIterator(), output: outbound)
            return try await body(&connection)
        }
    }

    private init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        output: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound
        self.output = output
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws { try await output.write(ByteBuffer(bytes: bytes)) }

    /// Sends bytes that the server may refuse to read completely.
    func sendIgnoringRefusal(_ bytes: [UInt8]) async { try? await send(bytes) }

    /// Returns the next response, or `nil` if the server closed first.
    mutating func response() async throws -> RawResponse? {
        while true {
            if let (response, length) = RawResponse.parse(String(buffer: unread)) {
                unread.moveReaderIndex(forwardBy: length)
                return response
            }
            guard try await readMore() else { return nil }
        }
    }

    /// Returns exactly `count` bytes, or `nil` if the server closed first.
    mutating func read(_ count: Int) async throws -> [UInt8]? {
        while unread.readableBytes < count {
            guard try await readMore() else { return nil }
        }
        return unread.readBytes(length: count)
    }

    /// Returns the status of everything received until the server closed, with or without a body.
    mutating func statusOnly() async throws -> Int? {
        _ = try await isClosed()
        return String(buffer: unread).split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    /// Returns everything received until the server closed.
    mutating func text() async throws -> String {
        _ = try await isClosed()
        return String(buffer: unread)
    }

    /// Returns whether the server closes, after whatever it still sends.
    mutating func isClosed() async throws -> Bool {
        while try await readMore() {}
        return true
    }

    private mutating func readMore() async throws -> Bool {
        do {
            guard let more = try await inbound.next() else { return false }
            unread.writeImmutableBuffer(more)
            return true
        } catch let error as IOError where error.errnoCode == 104 {
            // The connection was reset by the peer.
            wasReset = true
            return false
        } catch is NIOSSLError {
            // Closed without close_notify, or before the handshake was done.
            return false
        }
    }
}

/// A response as received.
struct RawResponse: Sendable {
    let status: Int
    let fields: [String: String]
    let body: String

    /// Parses the first response in `text` and its length; `nil` until it is complete.
    static func parse(_ text: String) -> (RawResponse, length: Int)? {
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        let length = fields["content-length"].flatMap { Int($0) } ?? 0
        let rest = text[end.upperBound...].utf8
        guard rest.count >= length else { return nil }
        let body = String(decoding: rest.prefix(length), as: UTF8.self)
        return (RawResponse(status: status, fields: fields, body: body), text.utf8.count - rest.count + length)
    }
}
