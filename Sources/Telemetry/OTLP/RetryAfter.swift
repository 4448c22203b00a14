import Glibc

/// The `Retry-After` header field (RFC 9110 §10.2.3).
package enum RetryAfter {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Returns the seconds from `now`, which is in seconds since 1970, or `nil` if the text is neither a number of
    /// seconds nor a date.
    package static func seconds(_ text: String, at now: Int = time(nil)) -> Int? {
        if let number = Int(text) { return number }
        // Sun, 06 Nov 1994 08:49:37 GMT. Senders must not use the other date formats (§5.6.7).
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int32(parts[1]),
            let year = Int32(parts[3]), (1970...9999).contains(year),
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3 else { return nil }
        var date = unsafe tm()
        unsafe date.tm_year = year - 1900
        unsafe date.tm_mon = Int32(month)
        unsafe date.tm_mday = day
        unsafe (date.tm_hour, date.tm_min, date.tm_sec) = (clock[0], clock[1], clock[2])
        return unsafe timegm(&date) - now
    }
}
