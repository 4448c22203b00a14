/// What a browser is called in a mail, of a few known words: what it says of itself can be any text, and is not repeated.
struct BrowserName {
    let text: String

    init(userAgent: String) {
        // Each of these says that it is also those after it.
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
            case (nil, nil): "?"
            }
    }

    private static func first(_ names: [(sign: String, name: String)], in text: String) -> String? {
        names.first { text.contains($0.sign) }?.name
    }
}
