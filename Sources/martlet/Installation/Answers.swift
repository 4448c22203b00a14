import FoundationEssentials
import IdentityProvider
import JOSE
import Outbound
import Server

/// The rules for the answers to `martlet init`: those of the settings and resources that they become.
enum Answers {
    static func issuer(_ text: String) throws(InvalidAnswer) -> Issuer {
        do throws(InvalidIssuer) { return try Issuer(text) } catch { throw InvalidAnswer("\(text) \(error.reason)") }
    }

    static func name(_ text: String) throws(InvalidAnswer) -> String {
        guard !text.isEmpty, isLine(text) else {
            throw InvalidAnswer("The name must not be empty or have control characters.")
        }
        return text
    }

    /// Whether `text` stays on one line of YAML, whose line breaks include U+0085 and U+2028.
    private static func isLine(_ text: String) -> Bool {
        !text.contains(where: \.isNewline) && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    /// Returns the setting with an absolute path, because the service runs in another folder.
    static func storage(_ text: String) throws(InvalidAnswer) -> String {
        do throws(InvalidStorageSetting) {
            guard case .sqlite(let path) = try StorageSetting(text) else { return text }
            return "sqlite:\(InstallationFolder.absolute(path))"
        } catch { throw InvalidAnswer("The database \(error.reason).") }
    }

    static func address(_ text: String) throws(InvalidAnswer) -> String {
        guard Configuration.address(text) != nil else {
            throw InvalidAnswer("The address must be HOST:PORT or unix:PATH, such as 127.0.0.1:8080.")
        }
        guard text.hasPrefix("unix:") else { return text }
        return "unix:\(InstallationFolder.absolute(String(text.dropFirst("unix:".count))))"
    }

    static func file(_ path: String) throws(InvalidAnswer) -> String {
        guard let file = try optionalFile(path) else { throw InvalidAnswer("Name a file.") }
        return file
    }

    static func optionalFile(_ path: String) throws(InvalidAnswer) -> String? {
        guard !path.isEmpty else { return nil }
        guard FileManager.default.isReadableFile(atPath: path) else { throw InvalidAnswer("Cannot read \(path).") }
        return InstallationFolder.absolute(path)
    }

    static func networks(_ text: String) throws(InvalidAnswer) -> [String] {
        let networks = text.split { $0 == "," || $0 == " " }.map(String.init)
        guard !networks.isEmpty else { throw InvalidAnswer("Name at least one network, such as 10.0.0.0/8.") }
        do throws(InvalidNetwork) { _ = try TrustedProxies(networks) } catch {
            throw InvalidAnswer("\(error.text) is not a network, such as 10.0.0.0/8.")
        }
        return networks
    }

    static func mailServer(_ text: String) throws(InvalidAnswer) -> String? {
        guard !text.isEmpty else { return nil }
        do throws(InvalidSMTPURL) { _ = try SMTPSettings(text) } catch {
            throw InvalidAnswer("The mail server \(error.reason).")
        }
        return text
    }

    static func sender(_ text: String) throws(InvalidAnswer) -> String {
        guard MailSender(text) != nil, isLine(text) else {
            throw InvalidAnswer("The sender must be ADDRESS or NAME <ADDRESS>.")
        }
        return text
    }

    static func username(_ text: String) throws(InvalidAnswer) -> String? {
        try text.isEmpty ? nil : member("username", of: ["username": .string(text)])
    }

    static func email(_ text: String) throws(InvalidAnswer) -> String? {
        try text.isEmpty ? nil : member("email", of: ["username": "user", "email": .string(text)])
    }

    /// Checks a member of the user that `resources.yaml` will describe.
    private static func member(_ name: String, of document: JSONObject) throws(InvalidAnswer) -> String? {
        do throws(InvalidDocument) { _ = try UserDocument(document) } catch {
            throw InvalidAnswer(error.problems.map { "The \($0.member) \($0.reason)." }.joined(separator: " "))
        }
        return document[name]?.string
    }
}
