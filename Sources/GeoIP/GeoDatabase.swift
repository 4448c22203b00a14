import CMaxMindDB
import FoundationEssentials
import Glibc
package import IdentityProvider
import Synchronization

/// A database in the format of MaxMind's GeoIP files (https://maxmind.github.io/MaxMind-DB/), with cities or only
/// countries. A file that replaces the current one is opened within a minute.
///
/// The file is mapped into memory. Replace it by moving another file into its place: changing it in
/// place would crash the program.
package final class GeoDatabase: Geolocator {
    /// One version of the file, as it was when it was opened.
    private struct Edition {
        let file: MappedFile
        let identity: FileIdentity
        var checkedAt: ContinuousClock.Instant
    }

    private let path: String
    private let now: @Sendable () -> ContinuousClock.Instant
    private let edition: Mutex<Edition>

    /// Throws `InvalidPlaceDatabase`.
    package convenience init(path: String) throws { try self.init(path: path, now: { .now }) }

    init(path: String, now: @escaping @Sendable () -> ContinuousClock.Instant) throws {
        self.path = path
        self.now = now
        guard let identity = FileIdentity(path) else { throw InvalidPlaceDatabase(reason: "cannot be read") }
        edition = Mutex(Edition(file: try MappedFile(path), identity: identity, checkedAt: now()))
    }

    package func location(of address: String) -> Location? {
        // The address is formatted again, so that no unparsed text reaches the C library.
        guard let address = IPAddress(address) else { return nil }
        return current().location(of: address.description)
    }

    private func current() -> MappedFile {
        edition.withLock { edition in
            guard now() - edition.checkedAt >= .seconds(60) else { return edition.file }
            edition.checkedAt = now()
            // If a new file cannot be read, the former one stays in use.
            if let identity = FileIdentity(path), identity != edition.identity, let file = try? MappedFile(path) {
                edition = Edition(file: file, identity: identity, checkedAt: now())
            }
            return edition.file
        }
    }
}

/// Why a file cannot be used, as a phrase after its name: `is not a database in MaxMind's format`.
package struct InvalidPlaceDatabase: Error {
    package let reason: String
}

/// Distinguishes a file from another one at the same path.
private struct FileIdentity: Equatable {
    let device: UInt
    let number: UInt
    let seconds: Int
    let nanoseconds: Int

    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        number = UInt(status.st_ino)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
