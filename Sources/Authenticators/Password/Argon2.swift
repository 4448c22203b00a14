import CArgon2
import Glibc

/// The cost of one password guess (RFC 9106 §4; OWASP Password Storage).
package struct Argon2Parameters: Sendable, Hashable {
    /// In KiB.
    package let memory: UInt32
    package let iterations: UInt32
    package let parallelism: UInt32

    package init(memory: UInt32 = 19_456, iterations: UInt32 = 2, parallelism: UInt32 = 1) {
        self.memory = memory
        self.iterations = iterations
        self.parallelism = parallelism
    }
}

/// The Argon2id function (RFC 9106), through libargon2.
enum Argon2 {
    /// Returns the tag for `password`, `length` bytes. Throws `Argon2Failure`.
    static func hash(
        _ password: String, salt: [UInt8], parameters: Argon2Parameters, length: Int
    ) throws(Argon2Failure) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: length)
        let code = unsafe withContext(password, salt: salt, parameters: parameters, tag: &tag) { context in
            unsafe argon2id_ctx(&context)
        }
        guard code == ARGON2_OK.rawValue else { throw Argon2Failure(code: Int(code)) }
        return tag
    }

    /// Whether `password` has that tag. Compares in constant time.
    static func verify(_ password: String, salt: [UInt8], parameters: Argon2Parameters, tag: [UInt8]) -> Bool {
        var computed = [UInt8](repeating: 0, count: tag.count)
        let code = unsafe withContext(password, salt: salt, parameters: parameters, tag: &computed) { context in
            unsafe tag.withUnsafeBytes { expected in
                unsafe argon2id_verify_ctx(&context, expected.assumingMemoryBound(to: CChar.self).baseAddress)
            }
        }
        return code == ARGON2_OK.rawValue
    }

    private static func withContext(
        _ password: String, salt: [UInt8], parameters: Argon2Parameters, tag: inout [UInt8],
        run: (inout argon2_context) -> Int32
    ) -> Int32 {
        var password = Array(password.utf8)
        var salt = salt
        return unsafe password.withUnsafeMutableBufferPointer { password in
            unsafe salt.withUnsafeMutableBufferPointer { salt in
                unsafe tag.withUnsafeMutableBufferPointer { tag in
                    var context = unsafe argon2_context()
                    unsafe (context.out, context.outlen) = (tag.baseAddress, UInt32(tag.count))
                    unsafe (context.pwd, context.pwdlen) = (password.baseAddress, UInt32(password.count))
                    unsafe (context.salt, context.saltlen) = (salt.baseAddress, UInt32(salt.count))
                    unsafe context.t_cost = parameters.iterations
                    unsafe context.m_cost = parameters.memory
                    unsafe context.lanes = parameters.parallelism
                    unsafe context.threads = parameters.parallelism
                    unsafe context.version = ARGON2_VERSION_13.rawValue
                    // Clears the password once it is used.
                    unsafe context.flags = 1
                    unsafe context.allocate_cbk = { memory, count in
                        // Mapped rather than taken from the heap, which keeps freed memory. Prefaulted, because every page is used.
                        let pages = unsafe mmap(
                            nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
                        guard let pages = unsafe pages, unsafe pages != MAP_FAILED else {
                            return ARGON2_MEMORY_ALLOCATION_ERROR.rawValue
                        }
                        unsafe memory?.pointee = unsafe pages.assumingMemoryBound(to: UInt8.self)
                        return ARGON2_OK.rawValue
                    }
                    unsafe context.free_cbk = { memory, count in unsafe munmap(memory, count) }
                    return unsafe run(&context)
                }
            }
        }
    }
}

/// libargon2 failed, in practice for lack of memory.
package struct Argon2Failure: Error {
    package let code: Int
}
