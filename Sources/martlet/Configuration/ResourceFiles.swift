import IdentityProvider
import JOSE

/// Resource files, read as one: lists with the same name are joined.
struct ResourceFiles {
    let resources: ResourceSet
    private let files: [DocumentFile]

    /// Throws `Mistakes` with those of all files.
    init(_ paths: [String]) throws(Mistakes) {
        var files: [DocumentFile] = []
        var mistakes: [String] = []
        for path in paths {
            do throws(Mistakes) { files.append(try Self.read(path)) } catch { mistakes += error.lines }
        }
        do throws(InvalidResources) { resources = try ResourceSet(files.map(\.document)) } catch {
            throw Mistakes(mistakes + error.problems.map { Self.line($0, in: files) })
        }
        guard mistakes.isEmpty else { throw Mistakes(mistakes) }
        self.files = files
    }

    private static func read(_ path: String) throws(Mistakes) -> DocumentFile {
        let file = try DocumentFile(path: path)
        if file.describes(Setting.groups, ratherThan: Set(ResourceSet.kinds)) {
            throw Mistakes(["\(path): this is a configuration file, not a resource file; name it with --config"])
        }
        return try file.withClientSecrets()
    }

    /// Returns warnings about valid members that probably aren't what the operator meant. `stored` has the names that
    /// the files need not define.
    func warnings(besides stored: ResourceNames) -> [String] {
        resources.warnings(besides: stored).map { Self.line($0, in: files) }
    }

    private static func line(_ problem: ResourceProblem, in files: [DocumentFile]) -> String {
        "\(files[problem.place.file].position(of: problem.place.member)): \(problem.reason)"
    }
}

extension DocumentFile {
    /// Whether the file has members with some of `names`, and none with `others`.
    func describes(_ names: Set<String>, ratherThan others: Set<String>) -> Bool {
        document.names.contains(where: names.contains) && !document.names.contains(where: others.contains)
    }
}

extension Setting {
    /// The top-level names of a configuration file.
    static let groups: Set<String> = Set(
        allCases.flatMap { setting in
            let group = setting.rawValue.split(separator: ".").first.map(String.init) ?? ""
            return setting.mayBeInFile ? [group, group + "_file"] : [group]
        })
}
