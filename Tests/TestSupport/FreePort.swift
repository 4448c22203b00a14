import Glibc
import Synchronization

/// The ports that were handed out. None is handed out twice, because its holder may not have bound it yet.
private let given = Mutex<Set<Int>>([])

/// Returns a port that was free a moment ago on IPv4 and IPv6, because `localhost` is both.
package func freePort() throws -> Int {
    for _ in 0..<100 {
        guard let port = boundPort(0) else { break }
        if isFreeOnIPv6(port), given.withLock({ $0.insert(port).inserted }) { return port }
    }
    throw Unexpected("no free port")
}

package func isFree(_ port: Int) -> Bool { boundPort(port) != nil }

/// Also true where IPv6 does not exist.
private func isFreeOnIPv6(_ port: Int) -> Bool {
    let socket = Glibc.socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return true }
    defer { close(socket) }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = UInt16(port).bigEndian
    address.sin6_addr = in6addr_loopback
    let result = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            unsafe bind(socket, pointer, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
    }
    return result == 0 || errno != EADDRINUSE
}

/// Binds a loopback port (any, if 0) and releases it.
private func boundPort(_ port: Int) -> Int? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            unsafe bind(socket, pointer, length) == 0 && getsockname(socket, pointer, &length) == 0
        }
    }
    return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
}
