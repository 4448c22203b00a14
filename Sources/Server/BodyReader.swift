import HTTPTypes
import HummingbirdCore
import IdentityProvider
import NIOCore

/// A body that is too large or too slow.
struct BodyRefusal: Error {
    let answer: OAuthError
}

/// The request broke off or is no HTTP: there is nobody to answer, or the channel does it.
struct BrokenRequest: Error {
    let cause: any Error
}

/// Collects a body within a size and a time: neither a flood nor a trickle may hold the server.
struct BodyReader: Sendable {
    let body: RequestBody
    /// What the client announced, if it did.
    let announced: Int?
    let deadline: Duration

    func read(_ limit: Int) async throws -> [UInt8] {
        // Said before the body is read, so that an honest client need not send it.
        if let announced, announced > limit { throw BodyRefusal(answer: .contentTooLarge) }
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask { try await collect(limit) }
            group.addTask {
                try await Task.sleep(for: deadline)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let bytes = first else {
                throw BodyRefusal(
                    answer: OAuthError(
                        code: .invalidRequest, description: "the request took too long to arrive",
                        status: .requestTimeout))
            }
            return bytes
        }
    }

    private func collect(_ limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in body {
                bytes += buffer.readableBytesView
                if bytes.count > limit { throw BodyRefusal(answer: .contentTooLarge) }
            }
        } catch let refusal as BodyRefusal {
            throw refusal
        } catch {
            throw BrokenRequest(cause: error)
        }
        return bytes
    }
}
