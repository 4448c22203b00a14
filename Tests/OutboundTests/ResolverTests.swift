import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Outbound

@Suite("Names are resolved on separate threads", .timeLimit(.minutes(2)))
struct ResolverTests {
    /// Lookups of names that start with `slow` block their thread until this opens.
    private final class Gate: Sendable {
        private let opened = DispatchSemaphore(value: 0)
        private let asked = Mutex<[String]>([])
        let address: ResolvedAddress

        init() throws { address = try #require(ResolvedAddress("192.0.2.1")) }

        var names: [String] { asked.withLock { $0 } }

        func lookup(_ name: String) -> [ResolvedAddress] {
            asked.withLock { $0.append(name) }
            if name.hasPrefix("slow") {
                opened.wait()
                opened.signal()
            }
            return [address]
        }

        func open() { opened.signal() }
    }

    @Test("slow lookups don't block other tasks, and the number of threads is limited")
    func slow() async throws {
        let gate = try Gate()
        let resolver = Resolver(threads: 2, lookup: gate.lookup)
        let slow = (0..<100).map { number in Task { try await resolver.addresses(of: "slow\(number).example") } }
        try await until("both threads are taken") { gate.names.count == 2 }
        // An address needs no thread, and other tasks continue.
        #expect(try await resolver.addresses(of: "192.0.2.1") == [gate.address])
        #expect(try await race(100) { $0 }.count == 100)
        #expect(gate.names.count == 2)
        gate.open()
        for task in slow { #expect(try await task.value == [gate.address]) }
        #expect(gate.names.count == 100)
    }

    @Test("a canceled lookup returns at once, and never starts if it was still waiting")
    func canceled() async throws {
        let gate = try Gate()
        let resolver = Resolver(threads: 2, lookup: gate.lookup)
        let slow = (0..<100).map { number in Task { try await resolver.addresses(of: "slow\(number).example") } }
        try await until("both threads are taken") { gate.names.count == 2 }
        for task in slow { task.cancel() }
        for task in slow {
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        let next = Task { try await resolver.addresses(of: "next.example") }
        gate.open()
        #expect(try await next.value == [gate.address])
        #expect(gate.names.count == 3)
    }
}
