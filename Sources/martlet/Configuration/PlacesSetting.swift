import GeoIP

extension Configuration {
    /// Opens the GeoIP database, if one is configured.
    static func geolocator(_ values: inout SettingValues) -> GeoDatabase? {
        guard let path = values.text(.suspicionPlaces) else { return nil }
        do { return try GeoDatabase(path: path) } catch {
            let reason = (error as? InvalidPlaceDatabase)?.reason ?? "cannot be read"
            values.report(.suspicionPlaces, "the file \(path) \(reason)")
            return nil
        }
    }
}
