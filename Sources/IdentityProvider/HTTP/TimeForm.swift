/// How a moment is worded, which happens at the edge, in the reader's language.
package enum TimeForm: Sendable {
    /// “3 minutes ago” for the last day, otherwise the date and the time of day.
    case recent
    /// The date, with its year, and the time of day: a deadline, or what is read at any time, as an email is.
    case moment
    /// The date alone.
    case day
}
