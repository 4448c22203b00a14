import Foundation

/// Says a line at once, also where the output is a file or a pipe: progress that waits is none.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
