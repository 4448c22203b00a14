import CMaxMindDB
import IdentityProvider

/// An open database. Reading doesn't change it, so any number of tasks may read at once.
@safe final class MappedFile: @unchecked Sendable {
    private let database: UnsafeMutablePointer<MMDB_s>

    /// Throws `InvalidPlaceDatabase`.
    init(_ path: String) throws {
        let opened = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
        let status = unsafe MMDB_open(path, UInt32(MMDB_MODE_MMAP), opened)
        guard status == MMDB_SUCCESS else {
            // `database` is not set yet: `deinit` would close a database that is not open.
            unsafe opened.deallocate()
            throw InvalidPlaceDatabase(
                reason: status == MMDB_FILE_OPEN_ERROR ? "cannot be read" : "is not a database in MaxMind's format")
        }
        unsafe database = opened
    }

    deinit {
        unsafe MMDB_close(database)
        unsafe database.deallocate()
    }

    func location(of address: String) -> Location? {
        var (addressError, databaseError): (Int32, Int32) = (0, 0)
        var found = unsafe MMDB_lookup_string(database, address, &addressError, &databaseError)
        guard addressError == 0, databaseError == MMDB_SUCCESS, unsafe found.found_entry else { return nil }
        let country = unsafe text(&found.entry, ["country", "iso_code"])
        let city = unsafe text(&found.entry, ["city", "names", "en"])
        let coordinates = unsafe coordinates(&found.entry)
        guard country != nil || city != nil || coordinates != nil else { return nil }
        return Location(country: country, city: city, coordinates: coordinates)
    }

    private func coordinates(_ entry: inout MMDB_entry_s) -> Location.Coordinates? {
        guard let latitude = unsafe number(&entry, ["location", "latitude"]), (-90...90).contains(latitude),
            let longitude = unsafe number(&entry, ["location", "longitude"]), (-180...180).contains(longitude)
        else { return nil }
        return Location.Coordinates(
            latitude: latitude, longitude: longitude,
            uncertainty: unsafe number(&entry, ["location", "accuracy_radius"]) ?? 0)
    }

    private func text(_ entry: inout MMDB_entry_s, _ path: [StaticString]) -> String? {
        guard let data = unsafe value(&entry, path), unsafe data.type == MMDB_DATA_TYPE_UTF8_STRING else { return nil }
        return unsafe String(
            validating: UnsafeRawBufferPointer(start: data.utf8_string, count: Int(data.data_size)), as: UTF8.self)
    }

    private func number(_ entry: inout MMDB_entry_s, _ path: [StaticString]) -> Double? {
        guard let data = unsafe value(&entry, path) else { return nil }
        switch unsafe Int32(data.type) {
        case MMDB_DATA_TYPE_DOUBLE: return unsafe data.double_value
        case MMDB_DATA_TYPE_UINT16: return unsafe Double(data.uint16)
        default: return nil
        }
    }

    /// Returns the value at `path`, in memory that stays valid while the file is open.
    private func value(_ entry: inout MMDB_entry_s, _ path: [StaticString]) -> MMDB_entry_data_s? {
        var data = unsafe MMDB_entry_data_s()
        var names = unsafe path.map { name in
            unsafe Optional(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self))
        }
        unsafe names.append(nil)
        guard unsafe MMDB_aget_value(&entry, &data, names) == MMDB_SUCCESS, unsafe data.has_data else { return nil }
        return unsafe data
    }
}
