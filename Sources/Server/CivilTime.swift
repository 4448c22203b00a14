import FoundationEssentials

/// A moment in the Gregorian calendar, in UTC.
struct CivilTime {
    let year: Int
    let month: Int
    let day: Int
    /// Starts with Monday at 0.
    let weekday: Int
    let hour: Int
    let minute: Int
    let second: Int

    /// Counts in eras of 400 years that start in March, so that the leap day is the last day of a year.
    init(_ moment: Date) {
        let seconds = Int(moment.timeIntervalSince1970)
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60)
        // January 1, 1970 was a Thursday.
        weekday = (days + 3) % 7
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    }

    static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
