import FoundationEssentials
import IdentityProvider
import Mustache

/// Puts moments into words. Month names and patterns are texts of the locale (`time_…`), so a language needs no code.
struct TimeWords {
    /// The texts of one language.
    let library: MustacheLibrary
    let now: Date

    /// The reader's time zone is unknown, so a time of day is in UTC and says so.
    func words(for moment: Date, _ form: TimeForm) -> String {
        if isRelative(moment, form) { return ago(Int(now.timeIntervalSince(moment))) }
        let time = CivilTime(moment)
        var context: [String: Any] = [
            "month": month(time.month), "day": time.day, "hour": CivilTime.twoDigits(time.hour),
            "minute": CivilTime.twoDigits(time.minute),
            "hour12": (time.hour + 11) % 12 + 1, "half": time.hour < 12 ? "AM" : "PM",
        ]
        if form == .moment || time.year != CivilTime(now).year { context["year"] = time.year }
        return text(form == .day ? "day" : "moment", context)
    }

    /// The same as an element that also tells programs the moment. It is a template because the engine escapes all other
    /// values; the words come from templates and need no escaping.
    func element(for moment: Date, _ form: TimeForm) -> Any {
        let words = words(for: moment, form)
        // A script may put a time of day into the reader's time zone.
        let clock = form == .day || isRelative(moment, form) ? "" : " data-clock"
        let element = "<time datetime=\"\(moment.formatted(.iso8601))\"\(clock)>\(words)</time>"
        return (try? MustacheTemplate(string: element)) as Any? ?? words
    }

    private func isRelative(_ moment: Date, _ form: TimeForm) -> Bool {
        // The clocks of nodes differ by seconds.
        form == .recent && -60..<86_400 ~= now.timeIntervalSince(moment)
    }

    private func ago(_ age: Int) -> String {
        switch age {
        case ..<60: text("now")
        case ..<120: text("minute")
        case ..<3_600: text("minutes", ["count": age / 60])
        case ..<7_200: text("hour")
        default: text("hours", ["count": age / 3_600])
        }
    }

    private func month(_ number: Int) -> String {
        let names = text("months").split(separator: " ")
        return names.indices.contains(number - 1) ? String(names[number - 1]) : "\(number)"
    }

    private func text(_ name: String, _ context: [String: Any] = [:]) -> String {
        library.render(context, withTemplate: "text.time_\(name)") ?? ""
    }
}
