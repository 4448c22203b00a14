/// The passwords that are guessed first. The file says where they come from.
enum CommonPasswords {
    /// In lower case.
    static let all = Set(
        PackageResources.common_passwords_txt.split(separator: UInt8(ascii: "\n"))
            .filter { $0.first != UInt8(ascii: "#") }.map { String(decoding: $0, as: UTF8.self) })
}
