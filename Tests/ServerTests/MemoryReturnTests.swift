import Foundation
import NIOCore
import Testing

@testable import Server

@Suite("Memory after a peak")
struct MemoryReturnTests {
    @Test("freed memory is returned, even between blocks in use, and after a peak that was not measured")
    func peak() throws {
        var memory = FreedMemory()
        memory.returnToSystem()
        var blocks = (0..<32_768).map { _ in ByteBuffer(repeating: 1, count: 4_000) }
        let atPeak = try Self.resident()
        blocks = blocks.enumerated().filter { $0.offset % 64 == 63 }.map(\.element)
        let isReturned = memory.returnToSystem()
        #expect(isReturned)
        // Half of the 128 MiB is far more than could be returned by chance, and far less than what is free.
        #expect(try Self.resident() < atPeak - 64 << 20)
        #expect(blocks.count == 512)
        let isReturnedAgain = memory.returnToSystem()
        #expect(!isReturnedAgain)
    }

    /// Returns the resident memory of the process in bytes.
    private static func resident() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
        return try #require(Int(pages)) * 4_096
    }
}
