/// The name of a browser in an email. Made of known words only, because a user agent can be any text.
struct BrowserName {
    let text: String
    /// Whether `text` names a browser or a system.
    var isKnown: Bool { text != Self.unknown }
    private static let unknown = "?"

    init(userAgent: String) {
        // Each of these browsers also claims to be those after it.
        let browser = Self.first(
            [
                ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
                ("Safari/", "Safari"),
            ],
            in: userAgent)
        let system = Self.first(
            [
                ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"),
                ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
            ], in: userAgent)
        text =
            switch (browser, system) {
            case (let browser?, let system?): "\(browser), \(system)"
            case (let known?, nil), (nil, let known?): known
            case (nil, nil): Self.unknown
            }
    }

    private static func first(_ names: [(sign: String, name: String)], in text: String) -> String? {
        names.first { text.contains($0.sign) }?.name
    }
}
