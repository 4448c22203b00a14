import Dispatch
import Glibc

/// Asks the system for the addresses of a name, on a thread that may block.
enum Resolver {
    private static let threads = DispatchQueue(label: "martlet.resolver", attributes: .concurrent)

    /// Throws `UnknownHost`. Returns early when the task is canceled; the system's call cannot be.
    static func addresses(of host: String) async throws -> [ResolvedAddress] {
        if let address = ResolvedAddress(host) { return [address] }
        let (answer, continuation) = AsyncThrowingStream<[ResolvedAddress], any Error>.makeStream()
        threads.async {
            continuation.yield(with: Result { try resolve(host) })
            continuation.finish()
        }
        for try await addresses in answer { return addresses }
        throw CancellationError()
    }

    private static func resolve(_ host: String) throws -> [ResolvedAddress] {
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

/// The name has no address.
struct UnknownHost: Error {}
