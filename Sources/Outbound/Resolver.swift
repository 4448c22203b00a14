import Glibc
import NIOPosix

/// Asks the system for the addresses of a name. The system call blocks and can't be canceled, so it runs on dedicated
/// threads. Slow names can exhaust these threads, but no others.
final class Resolver: Sendable {
    typealias Lookup = @Sendable (String) throws -> [ResolvedAddress]

    static let system = Resolver(lookup: SystemLookup.addresses)

    private let threads: NIOThreadPool
    /// One slot per thread, held until its lookup returns, even if no one waits for it anymore. A canceled lookup that
    /// hasn't begun never takes a thread.
    private let slots: ConcurrencyLimit
    private let lookup: Lookup

    init(threads count: Int = 8, lookup: @escaping Lookup) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
        slots = ConcurrencyLimit(count)
        self.lookup = lookup
    }

    deinit { threads.shutdownGracefully { _ in } }

    /// Throws `UnknownHost`, or `CancellationError` as soon as the task is canceled.
    func addresses(of host: String) async throws -> [ResolvedAddress] {
        if let address = ResolvedAddress(host) { return [address] }
        try await slots.enter()
        let (answer, continuation) = AsyncThrowingStream<[ResolvedAddress], any Error>.makeStream()
        threads.submit { [slots, lookup] _ in
            let result = Result { try lookup(host) }
            slots.leave()
            continuation.yield(with: result)
            continuation.finish()
        }
        for try await addresses in answer { return addresses }
        throw CancellationError()
    }
}

/// The name has no address.
struct UnknownHost: Error {}

private enum SystemLookup {
    /// Throws `UnknownHost`.
    static func addresses(of host: String) throws -> [ResolvedAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { throw UnknownHost() }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [ResolvedAddress] = []
        var next = unsafe list
        while let info = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = unsafe getnameinfo(
                info.pointee.ai_addr, info.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if status == 0, let address = ResolvedAddress(name) { addresses.append(address) }
            unsafe next = info.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw UnknownHost() }
        return addresses
    }
}
