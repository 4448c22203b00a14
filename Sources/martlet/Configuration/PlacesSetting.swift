import GeoIP

extension Configuration {
    /// `nil` without a database of places.
    static func places(_ values: inout SettingValues) -> PlaceDatabase? {
        guard let path = values.text(.suspicionPlaces) else { return nil }
        do { return try PlaceDatabase(path: path) } catch {
            let reason = (error as? InvalidPlaceDatabase)?.reason ?? "cannot be read"
            values.report(.suspicionPlaces, "the file \(path) \(reason)")
            return nil
        }
    }
}
