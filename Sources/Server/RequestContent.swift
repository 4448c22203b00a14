import HTTPTypes
import HummingbirdCore
import IdentityProvider
import NIOCore

/// A request's body, read at most once and within a size.
struct RequestContent: Sendable {
    let body: RequestBody
    /// What the client announced, if it did.
    let announced: Int?

    init(of request: HummingbirdCore.Request) {
        body = request.body
        announced = request.headers[.contentLength].flatMap { Int($0) }
    }

    /// Throws an `OAuthError` for a body that is too large or too slow, `BrokenRequest` for one that broke off.
    func read(upTo limit: Int) async throws -> [UInt8] {
        // Said before the body is read, so that an honest client need not send it.
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

/// The request broke off or is no HTTP: there is nobody to answer, or the connection does it.
package struct BrokenRequest: Error {
    let cause: any Error
}

extension OAuthError {
    /// RFC 9110 §15.5.9.
    static let requestTimeout = OAuthError(
        code: .invalidRequest, description: "the request took too long to arrive", status: .requestTimeout,
        reason: .contentTooSlow)
}
