import FoundationEssentials
import IdentityProvider
import Mustache

/// Puts times into words. Month names and patterns are texts of the locale (`time_…`), so a language needs no code.
struct TimeWords {
    /// The texts of one language.
    let library: TemplateLibrary
    let escaping: TemplateLibrary.Escaping
    let now: Date

    /// Returns the words, in HTML as an element that also contains the exact time for programs.
    func value(for moment: Date, _ form: TimeForm) -> TemplateValue {
        let words = words(for: moment, form)
        guard escaping == .html else { return .text(words) }
        // Lets the page script show a time of day in the reader's time zone.
        let clock = form == .day || isRelative(moment, form) ? "" : " data-clock"
        return .markup("<time datetime=\"\(moment.formatted(.iso8601))\"\(clock)>\(words)</time>")
    }

    /// Returns the words. The reader's time zone is unknown, so times of day are in UTC and say so.
    func words(for moment: Date, _ form: TimeForm) -> String {
        if isRelative(moment, form) { return ago(Int(now.timeIntervalSince(moment))) }
        let time = CivilTime(moment)
        var data = [
            "month": month(time.month), "day": "\(time.day)", "hour": CivilTime.twoDigits(time.hour),
            "minute": CivilTime.twoDigits(time.minute), "hour12": "\((time.hour + 11) % 12 + 1)",
            "half": time.hour < 12 ? "AM" : "PM",
        ]
        if form == .moment || time.year != CivilTime(now).year { data["year"] = "\(time.year)" }
        return text(form == .day ? "day" : "moment", data)
    }

    private func isRelative(_ moment: Date, _ form: TimeForm) -> Bool {
        // Tolerates clock skew between nodes.
        form == .recent && -60..<86_400 ~= now.timeIntervalSince(moment)
    }

    private func ago(_ age: Int) -> String {
        switch age {
        case ..<60: text("now")
        case ..<120: text("minute")
        case ..<3_600: text("minutes", ["count": "\(age / 60)"])
        case ..<7_200: text("hour")
        default: text("hours", ["count": "\(age / 3_600)"])
        }
    }

    private func month(_ number: Int) -> String {
        let names = text("months").split(separator: " ")
        return names.indices.contains(number - 1) ? String(names[number - 1]) : "\(number)"
    }

    private func text(_ name: String, _ data: [String: String] = [:]) -> String {
        library.render("text.time_\(name)", with: data.mapValues { .text($0) }, escaping: escaping) ?? ""
    }
}
