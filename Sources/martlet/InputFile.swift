import Glibc

/// A file that is open for reading.
final class InputFile {
    let descriptor: Int32

    /// Returns nil if the file cannot be opened; `errno` says why. `options` are those of open(2).
    init?(_ path: String, options: Int32 = 0) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | options)
        // Checked before the property is set, because `deinit` would change `errno`.
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Returns at most `count` bytes, none at the end of the file, and nil if the file cannot be read.
    func read(_ count: Int) -> [UInt8]? {
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var result: Int
            repeat {
                result = unsafe Glibc.read(descriptor, buffer.baseAddress, count)
            } while result < 0 && errno == EINTR
            failed = result < 0
            filled = max(result, 0)
        }
        return failed ? nil : bytes
    }

    /// Returns the rest of the file, or nil if it cannot be read.
    func readToEnd() -> [UInt8]? {
        var bytes: [UInt8] = []
        while let more = read(1 << 16) {
            guard !more.isEmpty else { return bytes }
            bytes += more
        }
        return nil
    }
}
