/// How to put a time into words. Happens at the edge, in the user's language.
package enum TimeForm: Sendable {
    /// “3 minutes ago” within the last day, otherwise the date and time of day.
    case recent
    /// The date with its year, and the time of day: for deadlines, and for emails, which may be read at any time.
    case moment
    /// The date alone.
    case day
}
