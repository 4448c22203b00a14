import CUTF8Proc
import Glibc

extension String {
    /// The text in Unicode Normalization Form C (UAX #15), through utf8proc. Equivalent spellings of a character become
    /// the same.
    package var normalizedFormC: String {
        // ASCII is its own normal form.
        guard utf8.contains(where: { $0 >= 0x80 }) else { return self }
        return unsafe withCString { text in
            // Without UTF8PROC_NULLTERM, so that a NUL does not end the text.
            var result: UnsafeMutablePointer<utf8proc_uint8_t>?
            let options = utf8proc_option_t(UTF8PROC_STABLE.rawValue | UTF8PROC_COMPOSE.rawValue)
            let bytes = unsafe UnsafeRawPointer(text).assumingMemoryBound(to: utf8proc_uint8_t.self)
            let count = unsafe utf8proc_map(bytes, utf8proc_ssize_t(utf8.count), &result, options)
            guard count >= 0, let result = unsafe result else {
                // Fails only for invalid UTF-8, which a String never contains, and for lack of memory.
                fatalError("utf8proc cannot normalize a text of \(utf8.count) bytes: error \(count)")
            }
            defer { unsafe free(result) }
            return unsafe String(decoding: UnsafeBufferPointer(start: result, count: count), as: UTF8.self)
        }
    }
}
