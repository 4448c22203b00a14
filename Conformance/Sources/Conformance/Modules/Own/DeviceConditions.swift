import Foundation

/// Conditions on the device authorization grant (RFC 8628; RFC 10027).
enum DeviceConditions {
    typealias On = Condition<DeviceAnswer>

    static let shared = [
        succeeds, isNotStored, hasPage, hasCompletePage, hasLifetime, hasInterval, hasUnguessableCode, hasTypableCode,
        hasEnoughUserCode,
    ]

    static let succeeds = On(
        "the response is 200 JSON with device_code, user_code, verification_uri and expires_in", .failure,
        "RFC 8628 §3.2"
    ) { device in
        let required = ["device_code", "user_code", "verification_uri", "expires_in"]
        let missing = required.filter { device[$0] == nil }
        return .require(
            device.answer.status == 200 && device.answer.mediaType == "application/json" && missing.isEmpty,
            "it is \(device.answer.status) \(device.answer.mediaType) without \(missing)")
    }

    static let isNotStored = On("the response is not cacheable", .warning, "RFC 8628 §3.2") { device in
        .require(
            device.answer.header("Cache-Control")?.contains("no-store") == true,
            "Cache-Control is \(device.answer.header("Cache-Control") ?? "missing")")
    }

    static let hasPage = On("verification_uri is a URL without the code", .failure, "RFC 8628 §3.2") { device in
        .require(
            device.page.contains("://") && !device.page.contains(device.userCode), "it is \(device.page)")
    }

    static let hasCompletePage = On(
        "verification_uri_complete, if present, has the code", .failure, "RFC 8628 §3.3.1"
    ) { device in
        guard let page = device.completePage else { return .notRun("it is omitted") }
        return .require(
            FormEncoding.decode(page).contains(device.userCode), "it lacks \(device.userCode)")
    }

    /// Long enough to type, short enough that no code works that was found later (RFC 10027 §6.1.2).
    static let hasLifetime = On(
        "expires_in is from a minute to half an hour", .failure, "RFC 8628 §3.2", "RFC 10027 §6.1.2"
    ) { device in
        .require((60...1_800).contains(device.lifetime), "it is \(device["expires_in"]?.text ?? "missing")")
    }

    static let hasInterval = On("interval, if present, is a positive number", .failure, "RFC 8628 §3.2") { device in
        guard let value = device["interval"] else { return .notRun("it is omitted") }
        return .require((value.number ?? 0) > 0, "it is \(value.text)")
    }

    static let hasUnguessableCode = On(
        "device_code has room for 128 bits and at least 96 bits of measured entropy", .failure, "RFC 8628 §5.2"
    ) { device in
        Randomness.verdict("device code", device.deviceCode)
    }

    /// Letters and digits, in groups.
    static let hasTypableCode = On(
        "user_code has only letters and digits, and hyphens or spaces between them", .warning, "RFC 8628 §6.1"
    ) { device in
        .require(
            device.userCode.utf8.allSatisfy { byte in
                switch byte {
                case 0x20, 0x2D, 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: false
                }
            } && !device.userCode.isEmpty, "it is \(device.userCode)")
    }

    /// As many as the nine digits of RFC 8628 §6.1.
    static let hasEnoughUserCode = On(
        "user_code has at least 29 bits", .warning, "RFC 8628 §5.1"
    ) { device in
        let code = plain(device.userCode)
        let alphabet = code.allSatisfy(\.isNumber) ? 10.0 : code.contains(where: \.isNumber) ? 30.0 : 20.0
        let bits = Double(code.count) * log2(alphabet)
        return .require(bits >= 29, "it has about \(Int(bits)) bits")
    }

    /// The code without what only groups it.
    static func plain(_ code: String) -> String { code.filter { $0.isLetter || $0.isNumber } }

    // Several codes

    static let areDistinct = Condition<[DeviceAnswer]>(
        "every request gets other codes", .failure, "RFC 8628 §5.1"
    ) { devices in
        .require(
            Set(devices.map(\.userCode)).count == devices.count
                && Set(devices.map(\.deviceCode)).count == devices.count,
            "a code is repeated")
    }

    static let haveNoLookAlikes = Condition<[DeviceAnswer]>(
        "user codes use no two characters that look alike", .warning, "RFC 8628 §6.1"
    ) { devices in
        let used = Set(devices.map(\.userCode).joined().uppercased())
        let confused = ["0O", "1I", "1L", "IL", "2Z", "5S", "8B"].filter { pair in pair.allSatisfy(used.contains) }
        return .require(confused.isEmpty, "they use \(confused)")
    }

    // Pages

    static let asks = Condition<ShownPage>(
        "the user is asked before the device is connected", .failure, "RFC 8628 §3.3", "RFC 8628 §5.4"
    ) { page in
        let kinds = page.forms.map(\.kind)
        return .require(
            kinds.contains(.question) || kinds.contains(.deviceCode), "the page asks \(kinds.map(\.rawValue))")
    }

    static func shows(_ text: String, _ what: String, _ section: String) -> Condition<ShownPage> {
        Condition("the page shows \(what)", .failure, section) { page in
            let values = page.forms.flatMap(\.visible).map(\.value)
            let words = ([WebConditions.words(page.answer)] + values).joined(separator: " ")
            return .require(words.contains(text), "it lacks \(text)")
        }
    }

    static let canBeDenied = Condition<ShownPage>(
        "the user can deny as easily as approve", .failure, "RFC 10027 §6.1.14"
    ) { page in
        guard let form = page.forms.first(where: { $0.kind == .question }) else { return .broken("no form asks") }
        let person = Person(Account(username: "", password: ""), agrees: false)
        return .require(form.filled(by: person, PageHabits(), at: 0) != nil, "no button denies")
    }

    static let asksNothing = Condition<ShownPage>(
        "a code that cannot be used leads to no approval", .failure, "RFC 10027 §6.1.3"
    ) { page in
        .require(!page.forms.contains { $0.kind == .question }, "the page asks for an approval")
    }

    static let isThrottled = Condition<Int>(
        "wrong user codes are throttled after at most thirty", .failure, "RFC 8628 §5.1"
    ) { accepted in
        .require(accepted <= 30, "\(accepted) wrong codes were tried at once")
    }
}
