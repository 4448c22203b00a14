import Glibc

/// A server on loopback that accepts connections and never answers.
package final class SilentServer: Sendable {
    package let port: Int
    private let socket: Int32

    package init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = try freePort()
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let socket = socket
        let isBound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(socket, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        // The kernel accepts connections until the backlog is full.
        guard isBound, listen(socket, 64) == 0 else { throw Unexpected("no silent server on port \(port)") }
    }

    /// Whether someone has connected.
    package var hasVisitor: Bool {
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&poll, 1, 0) == 1
    }

    deinit { close(socket) }
}
