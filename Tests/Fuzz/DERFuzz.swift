@testable import Authenticators
@testable import JOSE

/// DER (X.690): certificates that authenticators send, and RSA keys.
enum DERFuzz {
    static func check(_ input: [UInt8]) {
        if let certificate = try? AttestationCertificate(parsing: input) {
            require((try? AttestationCertificate(parsing: input + [0])) == nil, "nothing may follow a certificate")
            _ = try? certificate.checkPackedRequirements(aaguid: Array(repeating: 0, count: 16))
        }
        let numbers = RSAPrivateKeyDER.decode(input)
        require(numbers.allSatisfy { $0.first != 0 }, "a number has no leading zero")
        if !numbers.isEmpty, !numbers.contains([]) {
            require(RSAPrivateKeyDER.decode(RSAPrivateKeyDER.encode(numbers)) == numbers, "numbers survive")
        }
    }
}
