import JOSE
import Testing

@Suite("RFC 8032 §8.4: points of small order")
struct Ed25519SmallOrderTests {
    private static let points = [
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "7P_______________________________________38", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
    ]
    /// The neutral element and zero: a forged signature.
    private static let forgery = [1] + [UInt8](repeating: 0, count: 63)

    @Test("with such a key, one forged signature is valid for many messages", arguments: points)
    func danger(_ x: String) throws {
        let key = try OpenSSLKey(["kty": "OKP", "crv": "Ed25519", "x": .string(x)])
        let fitting = try (0..<200).filter { number in
            try key.isValid(Self.forgery, of: Array("message \(number)".utf8), by: .edDSA)
        }
        #expect(!fitting.isEmpty)
    }

    @Test(
        "a small-order key is refused",
        arguments: points + [
            "7f_______________________________________38", "7v_______________________________________38",
            "7P________________________________________8", "7f________________________________________8",
        ])
    func refused(_ x: String) {
        #expect(throws: JWKError.self) { try JWK(["kty": "OKP", "crv": "Ed25519", "x": .string(x)]) }
    }
}
