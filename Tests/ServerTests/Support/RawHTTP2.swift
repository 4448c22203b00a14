import NIOCore
import NIOHPACK

/// An HTTP/2 connection on which frames are sent and read one by one (RFC 9113 §4).
struct RawHTTP2 {
    struct Frame {
        let type: UInt8
        let flags: UInt8
        let stream: UInt32
        let payload: [UInt8]

        static let (data, headers, reset, settings, ping, goAway, windowUpdate) = (
            UInt8(0), UInt8(1), UInt8(3), UInt8(4), UInt8(6), UInt8(7), UInt8(8)
        )
    }

    private var connection: RawConnection
    /// The fields of the last head that was received.
    private(set) var fields: HPACKHeaders = [:]
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
    /// Sends frames that need no response, for as long as the server reads them.
    var noise: Task<Void, Never> {
        Task { [output = connection.output] in
            let frame = Self.frame(Frame.windowUpdate, payload: Self.bytes(1))
            while !Task.isCancelled, (try? await output.write(ByteBuffer(bytes: frame))) != nil {
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Opens the connection with a window of `window` bytes for each stream.
    init(_ connection: RawConnection, window: UInt32 = 65_535) async throws {
        self.connection = connection
        try await connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        try await send(Frame.settings, payload: [0, 4] + Self.bytes(window))
    }

    /// Requests `path` (RFC 7541 Appendix A: GET, https, `:path`, `:authority`).
    func get(_ path: String, stream: UInt32 = 1) async throws {
        let block: [UInt8] = [0x82, 0x87, 0x04, UInt8(path.utf8.count)] + Array(path.utf8) + [0x01, 1, 0x61]
        try await send(Frame.headers, flags: 0x05, stream: stream, payload: block)
    }

    /// Sends a head unchanged; its fields are literals without indexing (RFC 7541 §6.2.2).
    func send(head: [(String, String)], isWhole: Bool = true, stream: UInt32 = 1) async throws {
        let block = head.flatMap { name, value -> [UInt8] in
            [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        try await send(Frame.headers, flags: isWhole ? 0x05 : 0x04, stream: stream, payload: block)
    }

    func ping() async throws { try await send(Frame.ping, payload: [1, 2, 3, 4, 5, 6, 7, 8]) }

    /// Returns the status of the next response.
    mutating func status() async throws -> Int? {
        guard try await next(Frame.headers) != nil else { return nil }
        return fields.first(name: ":status").flatMap { Int($0) }
    }

    func open(window: UInt32) async throws {
        try await send(Frame.windowUpdate, stream: 1, payload: Self.bytes(window))
    }

    /// Returns the next frame of one of these types, or `nil` at the end. Acknowledges what the protocol requires.
    mutating func next(_ types: UInt8...) async throws -> Frame? {
        while let frame = try await readFrame() {
            if frame.type == Frame.settings, frame.flags & 1 == 0 { try await send(Frame.settings, flags: 1) }
            if frame.type == Frame.ping, frame.flags & 1 == 0 {
                try await send(Frame.ping, flags: 1, payload: frame.payload)
            }
            if types.contains(frame.type) { return frame }
        }
        return nil
    }

    private mutating func readFrame() async throws -> Frame? {
        guard let head = try await connection.read(9) else { return nil }
        let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        guard let payload = try await connection.read(length) else { return nil }
        if head[3] == Frame.headers {
            var block = ByteBuffer(bytes: payload)
            fields = try decoder.decodeHeaders(from: &block)
        }
        let stream = head[5...8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Frame(type: head[3], flags: head[4], stream: stream, payload: payload)
    }

    private func send(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) async throws {
        try await connection.send(Self.frame(type, flags: flags, stream: stream, payload: payload))
    }

    private static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8]) -> [UInt8] {
        Array(bytes(UInt32(payload.count)).dropFirst()) + [type, flags] + bytes(stream) + payload
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
