import FoundationEssentials
import HTTPTypes
import IdentityProvider
import Mustache
import Testing

@testable import Server

@Suite("Times: in words, in the reader's language")
struct TimeWordsTests {
    /// November 29, 2026, 21:38:20 UTC.
    private static let moment = Date(timeIntervalSince1970: 1_795_988_300)

    private static func words(_ language: String, _ age: TimeInterval, _ form: TimeForm) throws -> String {
        let renderer = try PageRenderer(name: "Martlet")
        let library = try #require(renderer.libraries[language])
        return TimeWords(library: library, escaping: .none, now: moment + age).words(for: moment, form)
    }

    @Test(
        "a time within a day is relative; any other has its date and time zone",
        arguments: [
            (-30, "just now", "gerade eben"), (59, "just now", "gerade eben"), (60, "1 minute ago", "vor 1 Minute"),
            (180, "3 minutes ago", "vor 3 Minuten"), (3_599, "59 minutes ago", "vor 59 Minuten"),
            (3_600, "1 hour ago", "vor 1 Stunde"), (86_399, "23 hours ago", "vor 23 Stunden"),
            (86_400, "November 29, 9:38 PM UTC", "29. November, 21:38 UTC"),
            (40 * 86_400, "November 29, 2026, 9:38 PM UTC", "29. November 2026, 21:38 UTC"),
            // Further ahead than any clock skew, so it has no age.
            (-3_600, "November 29, 9:38 PM UTC", "29. November, 21:38 UTC"),
        ] as [(TimeInterval, String, String)])
    func recent(_ age: TimeInterval, english: String, german: String) throws {
        #expect(try Self.words("en", age, .recent) == english)
        #expect(try Self.words("de", age, .recent) == german)
    }

    @Test("a deadline has its year and is never relative; a day omits the current year")
    func forms() throws {
        #expect(try Self.words("en", 10, .moment) == "November 29, 2026, 9:38 PM UTC")
        #expect(try Self.words("de", 10, .moment) == "29. November 2026, 21:38 UTC")
        #expect(try Self.words("en", 10, .day) == "November 29")
        #expect(try Self.words("de", 10, .day) == "29. November")
        #expect(try Self.words("en", 40 * 86_400, .day) == "November 29, 2026")
    }

    @Test(
        "noon and midnight are 12 PM and 12 AM",
        arguments: [(0, "12:00 AM"), (11, "11:00 AM"), (12, "12:00 PM"), (13, "1:00 PM"), (23, "11:00 PM")])
    func halves(_ hour: Int, expected: String) throws {
        let library = try #require(try PageRenderer(name: "Martlet").libraries["en"])
        let midnight = Date(timeIntervalSince1970: 1_795_910_400)
        let words = TimeWords(library: library, escaping: .none, now: midnight).words(
            for: midnight + Double(hour) * 3_600, .moment)
        #expect(words == "November 29, 2026, \(expected) UTC")
    }

    @Test("each month has a name in each language")
    func months() throws {
        for language in ["en", "de"] {
            let library = try #require(try PageRenderer(name: "Martlet").libraries[language])
            let days = (0..<12).map { month in
                // The middle of each month of 2026.
                let moment = Date(timeIntervalSince1970: 1_768_435_200 + Double(month) * 30.44 * 86_400)
                return TimeWords(library: library, escaping: .none, now: moment).words(for: moment, .day).filter {
                    $0.isLetter
                }
            }
            #expect(Set(days).count == 12 && !days.contains(""))
        }
    }

    @Test("a page shows times in words and gives programs the exact time, never a raw value")
    func element() throws {
        let renderer = try PageRenderer(name: "Martlet", now: { Self.moment + 86_400 })
        let session: Page.Value = [
            "browser": "Firefox", "address": "192.0.2.1", "since": .time(Self.moment, .recent), "is_this": true,
        ]
        let device: Page.Value = ["browser": "Firefox", "until": .time(Self.moment, .day)]
        let page = Page("account", data: ["sessions": .list([session]), "devices": .list([device])])
        let answer = renderer.render(page, status: .ok, headers: [:], for: "en", name: nil)
        let html = String(decoding: answer.body, as: UTF8.self)
        let clock = #"<time datetime="2026-11-29T21:38:20Z" data-clock>November 29, 9:38 PM UTC</time>"#
        #expect(html.contains("192.0.2.1 · signed in \(clock)</small>"))
        #expect(html.contains(#"until <time datetime="2026-11-29T21:38:20Z">November 29</time>"#))
    }

    @Test("an email has the words in its text part and the time element in its HTML part")
    func email() throws {
        let renderer = try PageRenderer(name: "Martlet", now: { Self.moment })
        let letter = Letter(
            id: "1", to: try #require(MailAddress("alice@example.com")), kind: "password_changed",
            data: [
                "details": .list([["label": "text.mail_detail_time", "value": .time(Self.moment, .moment)]]),
                "link": "https://id.example.com/not-me",
            ], languages: ["de"])
        let words = try renderer.words(of: letter, from: try Issuer("https://id.example.com"), name: nil)
        #expect(words.text.contains("Zeit: 29. November 2026, 21:38 UTC"))
        #expect(words.html.contains(">29. November 2026, 21:38 UTC</time>"))
        #expect(!words.text.contains("<time"))
    }
}
