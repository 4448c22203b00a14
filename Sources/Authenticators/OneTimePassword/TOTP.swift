import COATH
package import FoundationEssentials

/// Time-based one-time passwords (RFC 6238), computed by liboath.
package struct TOTP: Sendable {
    package enum Algorithm: String, Sendable, Codable, CaseIterable {
        case sha1 = "SHA1"
        case sha256 = "SHA256"
        case sha512 = "SHA512"
    }

    private let secret: [UInt8]
    private let algorithm: Algorithm
    private let digits: UInt32
    private let period: UInt32

    /// `digits` is 6 to 8, and `period` is in seconds. Throws `InvalidTOTPSecret` for other parameters and for a secret
    /// of fewer than 10 bytes. liboath would accept even an empty one.
    package init(
        secret: [UInt8], algorithm: Algorithm = .sha1, digits: Int = 6, period: Int = 30
    ) throws(InvalidTOTPSecret) {
        guard secret.count >= 10, (6...8).contains(digits), (1...300).contains(period) else {
            throw InvalidTOTPSecret()
        }
        self.secret = secret
        self.algorithm = algorithm
        self.digits = UInt32(digits)
        self.period = UInt32(period)
        Self.library
    }

    /// Returns the code at `moment`.
    package func code(at moment: Date) throws -> String {
        var output = [CChar](repeating: 0, count: Int(digits) + 1)
        let status = unsafe secret.withUnsafeBufferPointer { secret in
            unsafe secret.withMemoryRebound(to: CChar.self) { secret in
                unsafe oath_totp_generate2(
                    secret.baseAddress, secret.count, Self.seconds(moment), period, 0, digits, flags, &output)
            }
        }
        guard status == OATH_OK.rawValue else { throw InvalidTOTPSecret() }
        return String(decoding: output.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Returns the time step of `code`, at most one from the present (RFC 6238 §5.2), or `nil` if the code is wrong.
    package func step(of code: String, at moment: Date) -> Int? {
        guard code.utf8.count == Int(digits), code.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        var counter: UInt64 = 0
        let status = unsafe secret.withUnsafeBufferPointer { secret in
            unsafe secret.withMemoryRebound(to: CChar.self) { secret in
                unsafe oath_totp_validate4(
                    secret.baseAddress, secret.count, Self.seconds(moment), period, 0, 1, nil, &counter, flags, code)
            }
        }
        return status >= 0 ? Int(counter) : nil
    }

    private var flags: Int32 {
        switch algorithm {
        case .sha1: 0
        case .sha256: Int32(OATH_TOTP_HMAC_SHA256.rawValue)
        case .sha512: Int32(OATH_TOTP_HMAC_SHA512.rawValue)
        }
    }

    private static func seconds(_ moment: Date) -> Int { Int(moment.timeIntervalSince1970) }

    /// Initializes liboath once.
    private static let library: Void = { _ = oath_init() }()
}

/// The secret is too short, or its parameters are out of range.
package struct InvalidTOTPSecret: Error {
    package init() {}
}
