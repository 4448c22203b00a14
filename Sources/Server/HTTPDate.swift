import FoundationEssentials

/// The HTTP date format (RFC 9110 §5.6.7).
enum HTTPDate {
    static var now: String { text(of: Date()) }

    static func text(of date: Date) -> String {
        let time = CivilTime(date)
        let clock = [time.hour, time.minute, time.second].map(CivilTime.twoDigits).joined(separator: ":")
        let day = CivilTime.twoDigits(time.day)
        return "\(weekdays[time.weekday]), \(day) \(months[time.month - 1]) \(time.year) \(clock) GMT"
    }

    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
