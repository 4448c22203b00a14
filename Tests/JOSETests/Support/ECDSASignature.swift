import COpenSSL

/// The two forms of an ECDSA signature: DER, as in OpenSSL, and the concatenation of r and s (RFC 7518 §3.4).
enum ECDSASignature {
    static func raw(der: [UInt8], size: Int) throws -> [UInt8] {
        try unsafe der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            let signature = unsafe d2i_ECDSA_SIG(nil, &start, bytes.count)
            defer { unsafe ECDSA_SIG_free(signature) }
            var raw = [UInt8](repeating: 0, count: 2 * size)
            try unsafe raw.withUnsafeMutableBufferPointer { output in
                let (r, s) = unsafe (ECDSA_SIG_get0_r(signature), ECDSA_SIG_get0_s(signature))
                let middle = unsafe output.baseAddress.map { unsafe $0 + size }
                guard unsafe BN_bn2binpad(r, output.baseAddress, Int32(size)) == Int32(size),
                    unsafe BN_bn2binpad(s, middle, Int32(size)) == Int32(size)
                else { throw OpenSSLKey.Failure(call: "BN_bn2binpad") }
            }
            return raw
        }
    }

    static func der(raw: [UInt8], size: Int) throws -> [UInt8] {
        guard raw.count == 2 * size else { throw OpenSSLKey.Failure(call: "length") }
        let signature = unsafe ECDSA_SIG_new()
        defer { unsafe ECDSA_SIG_free(signature) }
        let (r, s) = (Array(raw.prefix(size)), Array(raw.suffix(size)))
        try unsafe OpenSSLKey.check(
            ECDSA_SIG_set0(signature, BN_bin2bn(r, Int32(size), nil), BN_bin2bn(s, Int32(size), nil)), "ECDSA_SIG_set0")
        var der = [UInt8](repeating: 0, count: Int(unsafe i2d_ECDSA_SIG(signature, nil)))
        unsafe der.withUnsafeMutableBufferPointer { output in
            var start = output.baseAddress
            _ = unsafe i2d_ECDSA_SIG(signature, &start)
        }
        return der
    }
}
