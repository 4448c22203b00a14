package import Foundation

/// A location database written by another implementation of the format: `192.0.2.0/24` is in Munich,
/// `198.51.100.0/24` in New York.
package enum PlaceFile {
    package enum Kind: String, Sendable { case city, country }

    /// Replaces the file by moving a new one into its place.
    package static func write(_ kind: Kind, to file: URL) throws {
        let new = file.appendingPathExtension("new")
        let process = Process()
        process.executableURL = RunningScript.folder.appending(path: "place-database")
        process.arguments = [new.path(), kind.rawValue]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Unexpected("the location database was not written") }
        guard unsafe rename(new.path(), file.path()) == 0 else { throw Unexpected("cannot rename \(new.path())") }
    }
}
