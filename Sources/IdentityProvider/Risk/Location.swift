import Glibc

/// Roughly where an address is.
package struct Location: Sendable, Hashable {
    /// A point of the earth and how far around it the truth may lie.
    package struct Coordinates: Sendable, Hashable {
        /// In degrees.
        package let latitude: Double
        package let longitude: Double
        /// In kilometres.
        package let uncertainty: Double

        package init(latitude: Double, longitude: Double, uncertainty: Double) {
            self.latitude = latitude
            self.longitude = longitude
            self.uncertainty = uncertainty
        }

        /// Kilometres from here to `other` at least, over the surface of the earth.
        func distance(to other: Coordinates) -> Double {
            let (a, b) = (latitude * .pi / 180, other.latitude * .pi / 180)
            let (rise, turn) = (sin((b - a) / 2), sin((other.longitude - longitude) * .pi / 360))
            let way = 2 * 6_371 * asin(min(1, (rise * rise + cos(a) * cos(b) * turn * turn).squareRoot()))
            return max(0, way - uncertainty - other.uncertainty)
        }
    }

    /// In two letters (ISO 3166-1).
    package let country: String?
    package let city: String?
    package let coordinates: Coordinates?

    package init(country: String?, city: String? = nil, coordinates: Coordinates? = nil) {
        self.country = country
        self.city = city
        self.coordinates = coordinates
    }

    /// For people: `Munich, DE`; `nil` where nothing is known.
    var text: String? {
        let parts = [city, country].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

/// Tells roughly where addresses are.
package protocol Geolocator: Sendable {
    /// `nil` where it does not know. It must not block.
    func location(of address: String) -> Location?
}

extension Geolocator {
    /// An address as people read it: with its place, where that is known.
    func describe(_ address: String) -> String {
        location(of: address)?.text.map { "\(address) (\($0))" } ?? address
    }
}

/// Knows no place at all: where no database of places is configured.
struct NoGeolocation: Geolocator {
    func location(of address: String) -> Location? { nil }
}
