import Glibc
import HummingbirdCore
import IdentityProvider
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Accepts connections at one address until the service stops, then lets them finish.
struct Listener: Sendable {
    let address: ServerSettings.Address
    let settings: ServerSettings
    /// `nil` for plaintext connections.
    let certificate: TLSCertificate?
    /// Keeps clients' certificates; `nil` if clients aren't asked for any.
    let chains: ClientChains?
    let responder: HTTPChannelHandler.Responder
    let onRunning: @Sendable (Int?) async -> Void

    func run() async throws {
        if let certificate {
            try await serve(
                SecureChannel(certificate: certificate, chains: chains, settings: settings, responder: responder))
        } else {
            try await serve(PlainChannel(settings: settings, responder: responder))
        }
    }

    private func serve(_ channel: some ServerChildChannel) async throws {
        let bindAddress: BindAddress =
            switch address {
            case .host(let host, let port): .hostname(host, port: port)
            case .unixSocket(let path): .unixDomainSocket(path: path)
            }
        // Any client can cause an error on its own connection, so such errors must not fill the log.
        var logger = Logger.current
        logger.logLevel = .critical
        let server = channel.server(
            configuration: ServerConfiguration(
                address: bindAddress,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    max(1, settings.maximumConnections), logger: logger)),
            onServerRunning: { [address, onRunning] channel in
                // A failed accept, for lack of file descriptors or memory, must not stop the server.
                try? await channel.pipeline.addHandler(AcceptGuard(logger: .current), position: .first)
                let port = channel.localAddress?.port
                Logger.current.info("listening", metadata: ["address": "\(address)", "port": "\(port ?? 0)"])
                await onRunning(port)
            }, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        do { try await server.run() } catch let error as IOError {
            throw CannotListen(address: address, code: error.errnoCode)
        }
    }
}

/// The system doesn't let this server accept connections at an address.
package struct CannotListen: Error {
    package let address: ServerSettings.Address
    /// The value of `errno`.
    package let code: CInt

    /// Whether another program accepts connections there.
    package var isInUse: Bool { code == EADDRINUSE }
    package var reason: String { unsafe String(cString: strerror(code)) }
}

/// Keeps a failed accept from ending the accept loop.
private final class AcceptGuard: ChannelInboundHandler, Sendable {
    typealias InboundIn = Channel

    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.error("connection not accepted", metadata: ["cause": "\(error)"])
    }
}

extension TimeAmount {
    init(seconds: Double) { self = .milliseconds(Int64(seconds * 1_000)) }
}
