import CQRCode

/// A text as a square that cameras read (ISO/IEC 18004), through libqrencode.
package struct QRCode: Sendable {
    /// Modules along a side.
    package let width: Int
    /// Whether each is dark, row by row.
    package let modules: [Bool]

    /// Throws `QRCodeTooLong` for more than some two thousand bytes.
    package init(_ text: String) throws(QRCodeTooLong) {
        guard let code = unsafe QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) else { throw QRCodeTooLong() }
        defer { unsafe QRcode_free(code) }
        width = Int(unsafe code.pointee.width)
        // The lowest bit of a module is its colour.
        modules = unsafe UnsafeBufferPointer(start: code.pointee.data, count: width * width).map { $0 & 1 == 1 }
    }

    /// Black on white with the quiet zone of four modules that readers need, whatever the page's colours are.
    package var svg: String {
        let size = width + 8
        var path = ""
        for row in 0..<width {
            var column = 0
            while column < width {
                let run = modules[(row * width + column)..<((row + 1) * width)].prefix(while: \.self).count
                if run > 0 { path += "M\(column + 4) \(row + 4)h\(run)v1h-\(run)z" }
                column += max(run, 1)
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size) \(size)" shape-rendering="crispEdges">\
            <rect width="\(size)" height="\(size)" fill="#fff"/><path d="\(path)"/></svg>
            """
    }
}

/// The text does not fit into any QR code.
package struct QRCodeTooLong: Error {}
