/// Where a device is, seen from the browser of the user who is to approve it (RFC 10027 §6.1.1). An attacker far away
/// asks for a code and gets someone else to enter it.
enum DevicePlace: String, Sendable {
    case sameNetwork = "same_network"
    /// Usual for a phone on a mobile network.
    case otherNetwork = "other_network"
    case otherCountry = "other_country"

    init(of device: String, seenFrom browser: String, _ geolocator: any Geolocator) {
        if let one = IPAddress(device), let other = IPAddress(browser),
            one.site == other.site || one.isLoopback && other.isLoopback
        {
            self = .sameNetwork
            return
        }
        let countries = [device, browser].map { geolocator.location(of: $0)?.country }
        self = countries.contains(nil) || countries[0] == countries[1] ? .otherNetwork : .otherCountry
    }
}
