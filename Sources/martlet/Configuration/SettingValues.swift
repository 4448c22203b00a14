import FoundationEssentials
import IdentityProvider
import JOSE

/// The value of each setting and where it came from. Flags override variables, which override the file.
struct SettingValues {
    private var values: [Setting: (value: JSON, source: String)] = [:]
    private(set) var mistakes: [String] = []
    /// The path of the configuration file, if there is one.
    private(set) var file: String?

    /// Environment variables that Kubernetes set for Services.
    let serviceVariables: [String]

    /// `places` are the configuration files that are used unless one is named.
    init(options: ConfigurationOptions, environment: [String: String], places: [String]) {
        let foreign = ServiceVariables.names(in: environment).filter { !Self.isKnown($0) }
        serviceVariables = foreign.sorted()
        readFile(options.config ?? environment["MARTLET_CONFIG"], or: places)
        for setting in Setting.allCases {
            if let text = environment[setting.variable] { values[setting] = (.string(text), setting.variable) }
            if setting.mayBeInFile { readSecret(setting, environment[setting.variable + "_FILE"]) }
        }
        for setting in Setting.allCases { readSecret(setting, options.settings.file(setting)) }
        for setting in Setting.allCases {
            if let text = options.settings.flag(setting) { values[setting] = (.string(text), setting.flag) }
        }
        for name in environment.keys.sorted()
        where name.hasPrefix("MARTLET_") && !Self.isKnown(name) && !foreign.contains(name) {
            mistakes.append("\(name): \(Self.unknown(name, among: Setting.allCases.map(\.variable)))")
        }
    }

    private static func unknown(_ name: String, among names: [String]) -> String {
        "unknown setting; " + (NearNames.hint(for: name, among: names) ?? "see docs/configuration.md")
    }

    private static func isKnown(_ variable: String) -> Bool {
        variable == "MARTLET_CONFIG"
            || Setting.allCases.contains {
                variable == $0.variable || $0.mayBeInFile && variable == $0.variable + "_FILE"
            }
    }

    private mutating func readFile(_ path: String?, or places: [String]) {
        do throws(Mistakes) {
            let document =
                if let path { try DocumentFile(path: path) } else { try ConfigurationFile.find(in: places) }
            guard let document else { return }
            file = document.path
            guard !document.describes(Set(ResourceSet.kinds), ratherThan: Setting.groups) else {
                mistakes.append(
                    "\(document.path): this is a resource file, not a configuration file; name it without --config, "
                        + "such as `martlet check \(document.path) --config martlet.yaml`")
                return
            }
            take(document.document, prefix: "", of: document)
        } catch { mistakes += error.lines }
    }

    private mutating func take(_ object: JSONObject, prefix: String, of file: DocumentFile) {
        for (name, value) in object.members where value != .null {
            let place = prefix + name
            if let setting = Setting(rawValue: place) {
                values[setting] = (value, file.position(of: place))
            } else if place.hasSuffix("_file"), let setting = Setting(rawValue: String(place.dropLast(5))),
                setting.mayBeInFile
            {
                readSecret(setting, value.string)
            } else if let members = Setting.members(of: place) {
                guard let object = value.object else {
                    let reason = "must be a mapping, with \(members.joined(separator: ", "))"
                    mistakes.append("\(file.position(of: place)): \(reason)")
                    continue
                }
                take(object, prefix: place + ".", of: file)
            } else {
                mistakes.append("\(file.position(of: place)): \(Self.reason(unknown: place))")
            }
        }
    }

    private static func reason(unknown place: String) -> String {
        guard !ResourceSet.kinds.contains(place) else {
            return "unknown setting; move it to a resource file, for `martlet apply`"
        }
        return unknown(place, among: Setting.allCases.map(\.rawValue))
    }

    private mutating func readSecret(_ setting: Setting, _ path: String?) {
        guard let path else { return }
        guard let lines = SecretFile.lines(path) else {
            mistakes.append("\(path): cannot be read; it must hold the setting \(setting.rawValue)")
            return
        }
        values[setting] = (.string(lines.first ?? ""), path)
    }

    /// The source of the setting for error messages: a flag, a variable, or a file and line.
    func source(_ setting: Setting) -> String { values[setting]?.source ?? setting.rawValue }

    mutating func report(_ setting: Setting, _ reason: String) { mistakes.append("\(source(setting)): \(reason)") }

    func isSet(_ setting: Setting) -> Bool { values[setting] != nil }

    mutating func text(_ setting: Setting) -> String? {
        switch values[setting]?.value {
        case nil: return nil
        case .string(let text)?: return text
        case .integer(let number)?: return String(number)
        default:
            report(setting, "must be a string")
            return nil
        }
    }

    /// Returns `standard` if the setting is missing.
    mutating func flag(_ setting: Setting, default standard: Bool = false) -> Bool {
        switch values[setting]?.value {
        case nil: return standard
        case .bool(let flag)?: return flag
        case .string("true")?: return true
        case .string("false")?: return false
        default:
            report(setting, "must be true or false")
            return standard
        }
    }

    mutating func list(_ setting: Setting) -> [String] {
        switch values[setting]?.value {
        case nil: return []
        case .string(let text)?:
            return text.split(separator: ",").map { String($0.drop { $0 == " " }.prefix { $0 != " " }) }
        case .array(let items)? where items.allSatisfy({ $0.string != nil }): return items.compactMap(\.string)
        default:
            report(setting, "must be a list of strings")
            return []
        }
    }

    /// `word` is another value that the setting may have, for the error message.
    mutating func number(_ setting: Setting, _ range: ClosedRange<Int>, or word: String? = nil) -> Int? {
        guard let text = text(setting) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let other = word.map { ", or \($0)" } ?? ""
            report(setting, "must be a number from \(range.lowerBound) to \(range.upperBound)\(other)")
            return nil
        }
        return number
    }

    mutating func seconds(_ setting: Setting, _ range: ClosedRange<Int>) -> TimeInterval? {
        guard let text = text(setting) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            report(setting, "must be a number of seconds from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return TimeInterval(number)
    }
}
