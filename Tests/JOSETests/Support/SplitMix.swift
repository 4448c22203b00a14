/// A pseudorandom sequence that is the same in every run, so that failures can be reproduced.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

extension SplitMix {
    /// Returns `text` with one to three small mutations.
    mutating func mutate(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &self) where !text.isEmpty {
            let place = Int.random(in: text.indices, using: &self)
            let byte = UInt8.random(in: 0x20...0x7E, using: &self)
            switch Int.random(in: 0..<7, using: &self) {
            case 0: text[place] ^= 1 << UInt8.random(in: 0..<7, using: &self)
            case 1: text[place] = byte
            case 2: text.insert(byte, at: place)
            case 3: text.remove(at: place)
            case 4: text.removeSubrange(place...)
            case 5: text.swapAt(place, Int.random(in: text.indices, using: &self))
            default: text.insert(contentsOf: text.suffix(from: place), at: place)
            }
        }
        return text
    }
}
