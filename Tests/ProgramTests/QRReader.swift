import Foundation
import TestSupport

/// Reads QR codes with another program.
enum QRReader {
    /// Returns the text of the code in the picture, a PNG.
    static func read(_ picture: Data) throws -> String {
        let folder = try Folder()
        let file = folder.url.appending(path: "code.png")
        try picture.write(to: file)
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/zbarimg")
        process.arguments = ["--quiet", "--raw", file.path()]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.filter { !$0.isNewline }
    }
}
