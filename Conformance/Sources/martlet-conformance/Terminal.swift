import Foundation

/// Prints a line without buffering, so that progress is visible immediately in files and pipes.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
