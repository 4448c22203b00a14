import Foundation
import IdentityProvider
import Synchronization
import TestSupport
import Testing

@testable import GeoIP

@Suite("Location databases in MaxMind's format (specification 2.0)")
struct PlaceDatabaseTests {
    @Test(
        "an address is looked up in any notation",
        arguments: [
            ("192.0.2.7", "Munich", "DE"), ("::ffff:192.0.2.7", "Munich", "DE"), ("198.51.100.255", "New York", "US"),
            ("2001:db8:1:2::3", "Berlin", "DE"),
        ])
    func city(_ address: String, _ city: String, _ country: String) throws {
        try withFile(.city) { file in
            let place = try #require(try GeoDatabase(path: file.path()).location(of: address))
            #expect(place.city == city)
            #expect(place.country == country)
            #expect(place.coordinates != nil)
        }
    }

    @Test("a location comes with its margin of error")
    func coordinates() throws {
        try withFile(.city) { file in
            let place = try GeoDatabase(path: file.path()).location(of: "192.0.2.1")
            #expect(
                place?.coordinates == Location.Coordinates(latitude: 48.1374, longitude: 11.5755, uncertainty: 20))
        }
    }

    @Test(
        "an unknown or invalid address has no location",
        arguments: ["203.0.114.1", "10.0.0.1", "2001:db8:2::1", "", "localhost", "192.0.2", "203.0.113.200", "::1"])
    func unknown(_ address: String) throws {
        try withFile(.city) { file in
            let database = try GeoDatabase(path: file.path())
            #expect(database.location(of: address) == nil)
        }
    }

    @Test("a record with unexpected types has no location")
    func odd() throws {
        try withFile(.city) { file in
            let database = try GeoDatabase(path: file.path())
            #expect(database.location(of: "203.0.113.129") == nil)
        }
    }

    @Test("a country database returns only countries")
    func country() throws {
        try withFile(.country) { file in
            let place = try GeoDatabase(path: file.path()).location(of: "192.0.2.7")
            #expect(place == Location(country: "DE"))
        }
    }

    @Test("a new file is used within a minute; if it is invalid, the former one stays in use")
    func replaced() throws {
        try withFile(.city) { file in
            let minutes = Mutex(0)
            let start = ContinuousClock.now
            let database = try GeoDatabase(path: file.path()) { start + .seconds(60 * minutes.withLock { $0 }) }
            try PlaceFile.write(.country, to: file)
            #expect(database.location(of: "192.0.2.7")?.city == "Munich")
            minutes.withLock { $0 += 1 }
            #expect(database.location(of: "192.0.2.7") == Location(country: "DE"))
            try Data("no database".utf8).write(to: file, options: .atomic)
            minutes.withLock { $0 += 1 }
            #expect(database.location(of: "192.0.2.7") == Location(country: "DE"))
            try FileManager.default.removeItem(at: file)
            minutes.withLock { $0 += 1 }
            #expect(database.location(of: "192.0.2.7") == Location(country: "DE"))
        }
    }

    @Test("concurrent lookups work while the file is replaced")
    func concurrent() async throws {
        let folder = try Folder()
        let (city, country) = (folder.url.appending(path: "city.mmdb"), folder.url.appending(path: "country.mmdb"))
        try PlaceFile.write(.city, to: city)
        try PlaceFile.write(.country, to: country)
        let minutes = Mutex(0)
        let start = ContinuousClock.now
        let link = folder.url.appending(path: "places.mmdb").path()
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: city.path())
        let database = try GeoDatabase(path: link) { start + .seconds(60 * minutes.withLock { $0 }) }
        let answers = try await race(8) { number in
            var answers: Set<String?> = []
            for turn in 0..<2_000 {
                if number == 0, turn.isMultiple(of: 100) {
                    try FileManager.default.removeItem(atPath: link)
                    try FileManager.default.createSymbolicLink(
                        atPath: link, withDestinationPath: turn.isMultiple(of: 200) ? country.path() : city.path())
                    minutes.withLock { $0 += 1 }
                }
                answers.insert(database.location(of: "192.0.2.7")?.country)
            }
            return answers
        }
        #expect(answers.allSatisfy { $0 == ["DE"] })
    }

    @Test("an invalid file is refused with the reason")
    func refused() throws {
        let folder = try Folder()
        try folder.write("none.mmdb", "no database")
        try folder.write("empty.mmdb", "")
        for name in ["none.mmdb", "empty.mmdb", "missing.mmdb"] {
            #expect(throws: InvalidPlaceDatabase.self) {
                try GeoDatabase(path: folder.url.appending(path: name).path())
            }
        }
    }

    @Test("a damaged file yields no invalid location and no crash", arguments: 0..<64)
    func damaged(_ seed: Int) throws {
        try withFile(.city) { file in
            var bytes = try Data(contentsOf: file)
            for step in 0..<8 { bytes[(seed * 8_191 + step * 131) % bytes.count] ^= UInt8(1 << (step % 8)) }
            try bytes.prefix(bytes.count - seed).write(to: file)
            guard let database = try? GeoDatabase(path: file.path()) else { return }
            for address in ["192.0.2.7", "2001:db8:1::1", "203.0.113.129", "255.255.255.255", "::"] {
                let place = database.location(of: address)
                #expect(place?.coordinates.map { abs($0.latitude) <= 90 && abs($0.longitude) <= 180 } ?? true)
            }
        }
    }

    private func withFile(_ kind: PlaceFile.Kind, _ body: (URL) throws -> Void) throws {
        let folder = try Folder()
        let file = folder.url.appending(path: "places.mmdb")
        try PlaceFile.write(kind, to: file)
        try body(file)
    }
}
