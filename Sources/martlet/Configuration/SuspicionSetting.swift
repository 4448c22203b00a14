import GeoIP
import IdentityProvider

/// What follows from unusual sign-ins, and where addresses are looked up.
struct SuspicionSetting {
    var rules = SuspicionRules()
    /// `nil` without a database of places.
    let places: PlaceDatabase?

    init(_ values: inout SettingValues) {
        let consequences = SuspicionConsequence.allCases.map(\.rawValue).joined(separator: ", ")
        for signal in SuspicionSignal.allCases {
            guard let setting = Setting(rawValue: "suspicion.\(signal.rawValue)"), let text = values.text(setting)
            else {
                continue
            }
            if let consequence = SuspicionConsequence(rawValue: text) {
                rules.consequences[signal] = consequence
            } else {
                values.report(setting, "must be one of \(consequences)")
            }
        }
        places = Self.places(&values)
        guard !values.isSet(.suspicionPlaces) else { return }
        for setting in [Setting.suspicionUnknownCountry, .suspicionImpossibleTravel] where values.isSet(setting) {
            values.report(setting, "needs \(Setting.suspicionPlaces.rawValue) beside it")
        }
    }

    private static func places(_ values: inout SettingValues) -> PlaceDatabase? {
        guard let path = values.text(.suspicionPlaces) else { return nil }
        do { return try PlaceDatabase(path: path) } catch {
            let reason = (error as? InvalidPlaceDatabase)?.reason ?? "cannot be read"
            values.report(.suspicionPlaces, "the file \(path) \(reason)")
            return nil
        }
    }
}
