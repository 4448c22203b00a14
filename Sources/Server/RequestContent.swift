import HTTPTypes
import HummingbirdCore
import IdentityProvider
import NIOCore

/// A request's body, read at most once and up to a maximum size.
struct RequestContent: Sendable {
    let body: RequestBody
    /// The size announced by the client, if any.
    let announced: Int?

    init(of request: HummingbirdCore.Request) {
        body = request.body
        announced = request.headers[.contentLength].flatMap { Int($0) }
    }

    /// Throws an `OAuthError` if the body is too large or too slow, and `BrokenRequest` if it is cut off.
    func read(upTo limit: Int) async throws -> [UInt8] {
        // Checked before the body is read, so that an honest client need not send it.
        if let announced, announced > limit { throw OAuthError.contentTooLarge }
        var bytes: [UInt8] = []
        do {
            for try await buffer in body {
                guard bytes.count + buffer.readableBytes <= limit else { throw OAuthError.contentTooLarge }
                bytes += buffer.readableBytesView
            }
        } catch let error as OAuthError {
            throw error
        } catch is RequestTimeout {
            throw OAuthError.requestTimeout
        } catch {
            throw BrokenRequest(cause: error)
        }
        return bytes
    }
}

/// The request was cut off or is not HTTP. The client is gone, or the connection responds to it.
package struct BrokenRequest: Error {
    let cause: any Error
}

extension OAuthError {
    /// RFC 9110 §15.5.9.
    static let requestTimeout = OAuthError(
        code: .invalidRequest, description: "the request took too long to arrive", status: .requestTimeout,
        reason: .contentTooSlow)
}
