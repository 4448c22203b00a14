import Glibc

/// The approximate location of an IP address.
package struct Location: Sendable, Hashable {
    /// A point on the globe and how far from it the true location may be.
    package struct Coordinates: Sendable, Hashable {
        /// In degrees.
        package let latitude: Double
        package let longitude: Double
        /// In kilometers.
        package let uncertainty: Double

        package init(latitude: Double, longitude: Double, uncertainty: Double) {
            self.latitude = latitude
            self.longitude = longitude
            self.uncertainty = uncertainty
        }

        /// Returns the minimum great-circle distance to `other` in kilometers, given both uncertainties.
        func distance(to other: Coordinates) -> Double {
            let (a, b) = (latitude * .pi / 180, other.latitude * .pi / 180)
            let (rise, turn) = (sin((b - a) / 2), sin((other.longitude - longitude) * .pi / 360))
            let way = 2 * 6_371 * asin(min(1, (rise * rise + cos(a) * cos(b) * turn * turn).squareRoot()))
            return max(0, way - uncertainty - other.uncertainty)
        }
    }

    /// ISO 3166-1 alpha-2.
    package let country: String?
    package let city: String?
    package let coordinates: Coordinates?

    package init(country: String?, city: String? = nil, coordinates: Coordinates? = nil) {
        self.country = country
        self.city = city
        self.coordinates = coordinates
    }

    /// The display form, such as `Munich, DE`; `nil` if nothing is known.
    var text: String? {
        let parts = [city, country].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

/// Looks up the approximate location of IP addresses.
package protocol Geolocator: Sendable {
    /// Returns the location, or `nil` if it is unknown. Must not block.
    func location(of address: String) -> Location?
}

extension Geolocator {
    /// Returns `address` with its location, if known, for display.
    func describe(_ address: String) -> String {
        location(of: address)?.text.map { "\(address) (\($0))" } ?? address
    }
}

/// The geolocator used if no location database is configured.
struct NoGeolocation: Geolocator {
    func location(of address: String) -> Location? { nil }
}
