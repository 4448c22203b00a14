import Foundation
import HTTPTypes
@testable import IdentityProvider

/// The `Authorization` field with a client's credentials (RFC 7617) or a token (RFC 6750). The first line of an input
/// is the field, the rest is a form.
enum AuthorizationFuzz {
    static func check(_ input: [UInt8]) {
        let lines = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        let field = lines.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let request = request(field, form: lines.count > 1 ? Array(lines[1]) : []) else { return }
        let claimed = try? ClaimedClient(request)
        let token = try? TokenCredential(request)
        if let claimed, let basic = claimed.credential as? BasicCredential {
            for client in claimed.ids {
                for secret in basic.secrets(of: client) { checkBasic(client, secret, request, token) }
            }
        }
        if let token, request.headers[.authorization] != nil {
            require(request.parameters["access_token"] == nil, "a token is sent in one way only")
            let again = self.request("\(token.scheme.name) \(token.text)").flatMap { try? TokenCredential($0) }
            require(
                again?.text == token.text && again?.scheme == token.scheme, "a token survives being sent again")
        }
    }

    private static func checkBasic(
        _ client: Identifier<Client>, _ secret: String, _ request: Request, _ token: TokenCredential?
    ) {
        require(token == nil, "a field is not both a secret and a token")
        require(
            request.parameters["client_secret"] == nil && request.parameters["client_assertion"] == nil,
            "a client authenticates in one way (RFC 6749 §2.3)")
        require(
            request.parameters["client_id"].map { $0 == client.rawValue } != false,
            "client_id is the client that authenticates")
        let pair = "\(FormEncoding.encode(client.rawValue)):\(FormEncoding.encode(secret))"
        let again = self.request("Basic " + Data(pair.utf8).base64EncodedString())
        let credential = again.flatMap { try? ClaimedClient($0).credential as? BasicCredential }
        require(
            credential?.clients.first == client && credential?.secrets(of: client).first == secret,
            "credentials are the same when they are sent again")
    }

    private static func request(_ field: String, form: [UInt8] = []) -> Request? {
        var headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        headers[.authorization] = field
        return try? Request(method: .post, path: "/token", headers: headers, body: form)
    }
}
