import Crypto
import NIOCore
import NIOSSL
import NIOTLS
import Synchronization

/// Keeps the certificates that the client of one connection presented, for its requests.
final class ClientCertificates: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let chains: ClientChains
    private let presented = Mutex<[[UInt8]]>([])

    /// Four intermediates and a leaf, as many as a path may have.
    private static let maximumCount = 5
    /// In bytes.
    private static let maximumSize = 32_768

    init(chains: ClientChains) { self.chains = chains }

    /// Accepts any chain of reasonable size: whether it is trusted depends on the client, which each request names
    /// (RFC 8705 §2). The handshake proves that the peer has the leaf's key.
    func accept(_ certificates: [NIOSSLCertificate], _ promise: EventLoopPromise<NIOSSLVerificationResult>) {
        let chain = certificates.compactMap { try? $0.toDERBytes() }
        let isReasonable =
            chain.count == certificates.count && chain.count <= Self.maximumCount
            && chain.reduce(0) { $0 + $1.count } <= Self.maximumSize
        if isReasonable { presented.withLock { $0 = chain } }
        promise.succeed(isReasonable ? .certificateVerified : .failed)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            let chain = presented.withLock { $0 }
            if !chain.isEmpty {
                chains.remember(chain)
            } else if let leaf = try? context.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes() {
                // A resumed session: nothing was presented on this connection.
                presented.withLock { $0 = chains.chain(of: leaf) }
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Returns the certificates of the client at the other end of `channel`: a connection, or a stream of one.
    static func certificates(at channel: any Channel) async -> [[UInt8]] {
        for channel in [channel, channel.parent].compactMap(\.self) {
            // A connection that has closed has no handlers.
            guard let handler = try? await channel.pipeline.handler(type: ClientCertificates.self).get() else {
                continue
            }
            return handler.presented.withLock { $0 }
        }
        return []
    }
}

/// The chains that the clients of one listener presented, by leaf: a resumed TLS session brings back the leaf alone, and
/// the path to an authority may need the rest.
final class ClientChains: Sendable {
    private let chains = Mutex<[SHA256.Digest: [[UInt8]]]>([:])
    private static let maximumCount = 1_000

    /// Remembers the chain of a client that has proved that it has the leaf's key.
    func remember(_ chain: [[UInt8]]) {
        guard let leaf = chain.first, chain.count > 1 else { return }
        chains.withLock { chains in
            if chains.count >= Self.maximumCount, let other = chains.keys.first { chains[other] = nil }
            chains[SHA256.hash(data: leaf)] = chain
        }
    }

    /// Returns the leaf alone if the chain is not known.
    func chain(of leaf: [UInt8]) -> [[UInt8]] { chains.withLock { $0[SHA256.hash(data: leaf)] } ?? [leaf] }
}
