import COpenSSL
import JOSE

/// A second implementation of every signature algorithm, to check ours against.
@safe final class OpenSSLKey {
    private enum Parameter {
        case number(String, [UInt8])
        case text(String, String)
        case bytes(String, [UInt8])
    }

    struct Failure: Error {
        let call: String
    }

    private let key: OpaquePointer

    /// Creates the key from a private or public JWK.
    init(_ jwk: JSONObject) throws {
        func member(_ name: String) throws -> [UInt8]? { try jwk[name]?.string.map { try Base64URL.decode($0) } }
        let secret = try member("d")
        let made: OpaquePointer?
        switch jwk["kty"]?.string {
        case "RSA":
            let numbers = try ["n", "e", "d"].compactMap { name in try member(name).map { Parameter.number(name, $0) } }
            unsafe made = try Self.make("RSA", numbers, isPrivate: secret != nil)
        case "EC":
            let point = [4] + (try member("x") ?? []) + (try member("y") ?? [])
            unsafe made = try Self.make(
                "EC",
                [.text("group", jwk["crv"]?.string ?? ""), .bytes("pub", point)]
                    + (secret.map { [.number("priv", $0)] } ?? []), isPrivate: secret != nil)
        case "OKP":
            if let secret {
                unsafe made = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, secret, secret.count)
            } else {
                let point = try member("x") ?? []
                unsafe made = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, point, point.count)
            }
        default: unsafe made = nil
        }
        guard let made = unsafe made else { throw Failure(call: "key") }
        unsafe key = unsafe made
    }

    init(secret: [UInt8]) throws {
        guard let made = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, nil, secret, secret.count) else {
            throw Failure(call: "EVP_PKEY_new_raw_private_key")
        }
        unsafe key = unsafe made
    }

    deinit { unsafe EVP_PKEY_free(key) }

    private static func make(_ type: String, _ parameters: [Parameter], isPrivate: Bool) throws -> OpaquePointer? {
        let builder = unsafe OSSL_PARAM_BLD_new()
        var numbers: [OpaquePointer?] = unsafe []
        var texts: [UnsafeMutablePointer<UInt8>] = unsafe []
        defer {
            unsafe OSSL_PARAM_BLD_free(builder)
            unsafe numbers.forEach { unsafe BN_free($0) }
            unsafe texts.forEach { unsafe $0.deallocate() }
        }
        // The builder keeps the addresses until it is done, so each value needs its own.
        func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8> {
            let text = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
            unsafe text.initialize(from: bytes, count: bytes.count)
            unsafe texts.append(text)
            return unsafe text
        }
        for parameter in parameters {
            switch parameter {
            case .number(let name, let bytes):
                let number = unsafe BN_bin2bn(bytes, Int32(bytes.count), nil)
                unsafe numbers.append(number)
                unsafe try check(OSSL_PARAM_BLD_push_BN(builder, Self.key(name), number), "push_BN")
            case .text(let name, let text):
                let bytes = Array(text.utf8)
                try unsafe copy(bytes).withMemoryRebound(to: CChar.self, capacity: bytes.count) { address in
                    try unsafe check(
                        OSSL_PARAM_BLD_push_utf8_string(builder, Self.key(name), address, bytes.count), "push_utf8")
                }
            case .bytes(let name, let bytes):
                try unsafe check(
                    OSSL_PARAM_BLD_push_octet_string(builder, Self.key(name), copy(bytes), bytes.count), "push_octet")
            }
        }
        let built = unsafe OSSL_PARAM_BLD_to_param(builder)
        let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil)
        defer {
            unsafe OSSL_PARAM_free(built)
            unsafe EVP_PKEY_CTX_free(context)
        }
        var key: OpaquePointer?
        try unsafe check(EVP_PKEY_fromdata_init(context), "EVP_PKEY_fromdata_init")
        // EVP_PKEY_KEYPAIR and EVP_PKEY_PUBLIC_KEY, which are nested macros that Swift can't import.
        try unsafe check(EVP_PKEY_fromdata(context, &key, isPrivate ? 0x87 : 0x86, built), "EVP_PKEY_fromdata")
        return unsafe key
    }

    /// The builder also keeps this address, so the name must live forever.
    private static func key(_ name: String) -> UnsafePointer<CChar> {
        let text: StaticString =
            switch name {
            case "n": "n"
            case "e": "e"
            case "d": "d"
            case "group": "group"
            case "pub": "pub"
            default: "priv"
            }
        return unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// A salt length of -1 means the length of the hash.
    func sign(_ message: [UInt8], by algorithm: SignatureAlgorithm, saltLength: Int32 = -1) throws -> [UInt8] {
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var settings: OpaquePointer?
        let digest = unsafe Self.digest(algorithm)
        try unsafe Self.check(EVP_DigestSignInit(context, &settings, digest, nil, key), "EVP_DigestSignInit")
        try unsafe Self.pad(settings, algorithm, saltLength)
        var length = 0
        try unsafe Self.check(EVP_DigestSign(context, nil, &length, message, message.count), "EVP_DigestSign")
        var signature = [UInt8](repeating: 0, count: length)
        try unsafe Self.check(EVP_DigestSign(context, &signature, &length, message, message.count), "EVP_DigestSign")
        let whole = Array(signature.prefix(length))
        return try Self.pointSize(algorithm).map { try ECDSASignature.raw(der: whole, size: $0) } ?? whole
    }

    func isValid(_ signature: [UInt8], of message: [UInt8], by algorithm: SignatureAlgorithm) throws -> Bool {
        if algorithm.isSymmetric { return try sign(message, by: algorithm) == signature }
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        var settings: OpaquePointer?
        let digest = unsafe Self.digest(algorithm)
        try unsafe Self.check(EVP_DigestVerifyInit(context, &settings, digest, nil, key), "EVP_DigestVerifyInit")
        try unsafe Self.pad(settings, algorithm, -1)
        let whole = try Self.pointSize(algorithm).map { try ECDSASignature.der(raw: signature, size: $0) } ?? signature
        return unsafe EVP_DigestVerify(context, whole, whole.count, message, message.count) == 1
    }

    private static func pad(_ settings: OpaquePointer?, _ algorithm: SignatureAlgorithm, _ saltLength: Int32) throws {
        guard algorithm.rawValue.hasPrefix("PS") else { return }
        try unsafe check(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING), "set_rsa_padding")
        try unsafe check(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, saltLength), "set_rsa_pss_saltlen")
    }

    private static func digest(_ algorithm: SignatureAlgorithm) -> OpaquePointer? {
        switch algorithm.rawValue.suffix(3) {
        case "256": unsafe EVP_sha256()
        case "384": unsafe EVP_sha384()
        case "512": unsafe EVP_sha512()
        default: nil
        }
    }

    private static func pointSize(_ algorithm: SignatureAlgorithm) -> Int? {
        switch algorithm {
        case .es256: 32
        case .es384: 48
        case .es512: 66
        default: nil
        }
    }

    static func check(_ result: Int32, _ call: String) throws { guard result == 1 else { throw Failure(call: call) } }
}
