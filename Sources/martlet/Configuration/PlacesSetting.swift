import GeoIP

extension Configuration {
    /// `nil` without a database of places.
    static func geolocator(_ values: inout SettingValues) -> GeoDatabase? {
        guard let path = values.text(.suspicionPlaces) else { return nil }
        do { return try GeoDatabase(path: path) } catch {
            let reason = (error as? InvalidPlaceDatabase)?.reason ?? "cannot be read"
            values.report(.suspicionPlaces, "the file \(path) \(reason)")
            return nil
        }
    }
}
