import Crypto
import Foundation
import JOSE
@testable import IdentityProvider

/// Request objects (RFC 9101 §6): whole ones, and the claims of unsigned ones.
enum RequestObjectFuzz {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let issuer = try? Issuer("https://id.example.com")
    private static let signing = client(["require_signed_request_object": true])
    private static let unsigned = client(["request_object_signing_alg": "none"])

    /// A client with a key that signed no input.
    private static func client(_ more: JSONObject) -> Client? {
        guard let key = try? PrivateKey.generate(for: .es256) else { return nil }
        var metadata: JSONObject = [
            "client_id": "bank", "redirect_uris": ["https://bank.example/callback"],
            "jwks": .object(JWKSet(keys: [key.publicKey()]).object),
        ]
        metadata.merge(more)
        return try? Client(metadata)
    }

    static func check(_ input: [UInt8]) {
        guard let issuer, let signing, let unsigned, let keys = signing.keys else {
            fatalError("the clients are invalid")
        }
        let text = String(decoding: input, as: UTF8.self)
        require(
            (try? RequestObject(validating: text, with: keys, of: signing, for: issuer, at: now)) == nil,
            "no forged object is valid")
        require(
            (try? RequestObject(unsigned: text, of: signing, for: issuer, at: now)) == nil,
            "an unsigned object is only for clients that register it")
        for text in [text, "eyJhbGciOiJub25lIn0.\(Base64URL.encode(input))."] {
            guard let object = try? RequestObject(unsigned: text, of: unsigned, for: issuer, at: now) else { continue }
            check(object.parameters, of: unsigned)
        }
    }

    private static func check(_ parameters: Parameters, of client: Client) {
        let names = parameters.names
        require(parameters.all("client_id") == ["bank"], "an object belongs to its client")
        require(!names.contains("request") && !names.contains("request_uri"), "an object refers to no other (§4)")
        for name in names where name != "resource" {
            require(names.count { $0 == name } == 1, "a parameter comes once (RFC 6749 §3.1)")
            let value = parameters[name] ?? ""
            require(!FormEncoding.hasControlCharacter(value.utf8), "a value has no control character")
        }
        guard let redirect = try? VerifiedRedirect(parameters, for: client) else { return }
        require(redirect.uri == "https://bank.example/callback", "no redirect URI but a registered one is trusted")
        _ = try? AuthorizationRequest(
            parameters, from: client, to: redirect, known: ResourceCatalog(servers: []), subject: nil)
    }
}
