import FoundationEssentials
import Testing

@testable import Server

@Suite("RFC 9110 §5.6.7: dates")
struct HTTPDateTests {
    @Test(
        "a date has the preferred HTTP format",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"), (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ])
    func date(_ seconds: Int, expected: String) {
        #expect(HTTPDate.text(of: Date(timeIntervalSince1970: Double(seconds))) == expected)
    }
}
