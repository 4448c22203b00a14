/// The passwords that attackers guess first. The file names its source.
enum CommonPasswords {
    /// In lowercase.
    static let all = Set(
        PackageResources.common_passwords_txt.split(separator: UInt8(ascii: "\n"))
            .filter { $0.first != UInt8(ascii: "#") }.map { String(decoding: $0, as: UTF8.self) })
}
