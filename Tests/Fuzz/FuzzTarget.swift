/// A parser of untrusted bytes, with the rules for any input that it accepts. `--target=json` chooses one.
enum FuzzTarget: String, CaseIterable {
    case json, cbor, der, cookies, forms, authorization, jws, http1, certificates, objects, dpop, details

    /// Stops the program if a rule is broken; libFuzzer then saves the input.
    func check(_ input: [UInt8]) {
        switch self {
        case .json: JSONFuzz.check(input)
        case .cbor: CBORFuzz.check(input)
        case .der: DERFuzz.check(input)
        case .cookies: CookieFuzz.check(input)
        case .forms: FormFuzz.check(input)
        case .authorization: AuthorizationFuzz.check(input)
        case .jws: JWSFuzz.check(input)
        case .http1: HTTP1Fuzz.check(input)
        case .certificates: CertificateFuzz.check(input)
        case .objects: RequestObjectFuzz.check(input)
        case .dpop: DPoPFuzz.check(input)
        case .details: DetailsFuzz.check(input)
        }
    }

    /// libFuzzer ignores flags that start with `--`.
    static let chosen: FuzzTarget = {
        let flag = "--target="
        let names = CommandLine.arguments.filter { $0.hasPrefix(flag) }.map { String($0.dropFirst(flag.count)) }
        guard names.count == 1, let target = FuzzTarget(rawValue: names[0]) else {
            fatalError("\(flag) must be one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return target
    }()
}

/// The function that libFuzzer calls for each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    FuzzTarget.chosen.check(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// A rule of a target, which accepted input must keep.
func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
    guard holds else { fatalError("broken: \(rule())") }
}
