import IdentityProvider
import JOSE

/// Resource files, read as one: lists with the same name are joined.
struct ResourceFiles {
    /// The mistakes in all files, one line each.
    let mistakes: [String]
    private let resources: ResourceSet
    private let files: [DocumentFile]

    init(_ paths: [String]) {
        var files: [DocumentFile] = []
        var mistakes: [String] = []
        for path in paths {
            do throws(Mistakes) {
                let (file, unreadable) = try Self.read(path).withSecrets()
                files.append(file)
                mistakes += unreadable
            } catch { mistakes += error.lines }
        }
        do throws(InvalidResources) { resources = try ResourceSet(files.map(\.document)) } catch {
            resources = error.rest
            mistakes += error.problems.filter { !files[$0.place.file].unread.contains($0.member) }
                .map { Self.line($0, in: files) }
        }
        self.files = files
        self.mistakes = mistakes
    }

    private static func read(_ path: String) throws(Mistakes) -> DocumentFile {
        let file = try DocumentFile(path: path)
        if file.describes(Setting.groups, ratherThan: Set(ResourceSet.kinds)) {
            throw Mistakes(["\(path): this is a configuration file, not a resource file; name it with --config"])
        }
        return file
    }

    /// Throws `Mistakes` if the files have any.
    func valid() throws(Mistakes) -> ResourceSet {
        guard mistakes.isEmpty else { throw Mistakes(mistakes) }
        return resources
    }

    /// Applies the files. Throws `Mistakes` if they have any or conflict with what is stored.
    func apply(
        by administration: Administration, isPlan: Bool = false, prunes: Bool = false
    ) async throws -> [Change] {
        do { return try await administration.apply(valid(), isPlan: isPlan, prunes: prunes) } catch let error
            as InvalidResources
        {
            throw Mistakes(error.problems.map { Self.line($0, in: files) })
        }
    }

    /// What stands between each client and the specifications that it may want to meet.
    var profileReports: [ProfileReport] { resources.profileReports }

    /// Returns warnings about valid members that probably aren't what the operator meant. `stored` has the names that
    /// the files need not define.
    func warnings(besides stored: ResourceNames, under settings: Settings) -> [String] {
        resources.warnings(besides: stored, with: settings.mutualTLS).map { Self.line($0, in: files) }
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
