import SQLStorage

/// The memory that holds a statement's values while the library reads them.
@safe final class ParameterArena {
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 8)

    deinit { unsafe memory.deallocate() }

    /// Copies the values and passes the location of each to `body`.
    func hold<Result>(
        _ values: [SQLValue], _ body: ([UnsafeMutableRawBufferPointer]) throws -> Result
    ) rethrows -> Result {
        let needed = values.reduce(0) { $0 + Self.size(of: $1) }
        if unsafe needed > memory.count {
            unsafe memory.deallocate()
            unsafe memory = .allocate(byteCount: needed.nextPowerOf2, alignment: 8)
        }
        var places: [UnsafeMutableRawBufferPointer] = unsafe []
        unsafe places.reserveCapacity(values.count)
        var offset = 0
        for value in values {
            let place = unsafe copy(value, to: offset)
            unsafe places.append(place)
            offset += Self.size(of: value)
        }
        return try unsafe body(places)
    }

    private func copy(_ value: SQLValue, to offset: Int) -> UnsafeMutableRawBufferPointer {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[offset...])
        switch value {
        case .null: return unsafe UnsafeMutableRawBufferPointer(rebasing: rest[..<0])
        case .integer(let number):
            unsafe rest.storeBytes(of: Int64(number), as: Int64.self)
            return unsafe UnsafeMutableRawBufferPointer(rebasing: rest[..<8])
        case .text(let text):
            unsafe rest.copyBytes(from: text.utf8)
            return unsafe UnsafeMutableRawBufferPointer(rebasing: rest[..<text.utf8.count])
        case .blob(let bytes):
            unsafe rest.copyBytes(from: bytes)
            return unsafe UnsafeMutableRawBufferPointer(rebasing: rest[..<bytes.count])
        }
    }

    /// Rounded up to whole words, so that every number is aligned.
    private static func size(of value: SQLValue) -> Int {
        let count =
            switch value {
            case .null: 0
            case .integer: 8
            case .text(let text): text.utf8.count
            case .blob(let bytes): bytes.count
            }
        return (count + 15) & ~7
    }
}

extension Int {
    fileprivate var nextPowerOf2: Int { 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
