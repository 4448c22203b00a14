import FoundationEssentials
import IdentityProvider
import JOSE

/// The secrets that a resource file keeps in files of their own, such as `client_secret_file`.
extension DocumentFile {
    /// Returns the document with the secrets in place, and the mistakes. Where a file can't be read, an invented secret
    /// stands in, so that the rest of the resource is checked as well. What is wrong with that secret is not reported.
    func withSecrets() -> (file: DocumentFile, mistakes: [String]) {
        var file = self
        var mistakes: [String] = []
        for member in SecretMember.all {
            guard let resources = file.document[member.list]?.array else { continue }
            var resolved: [JSON] = []
            for (index, resource) in resources.enumerated() {
                let place = "\(member.list)[\(index)]"
                do throws(InvalidValue) { resolved.append(try member.resolved(in: resource, beside: path)) } catch {
                    mistakes.append("\(position(of: "\(place).\(member.file)")): \(error.reason)")
                    file.unread.insert("\(place).\(member.name)")
                    resolved.append(member.invented(in: resource, index))
                }
                // A mistake in the secret is reported where the file is named.
                file.move("\(place).\(member.file)", to: "\(place).\(member.name)")
            }
            file.document[member.list] = .array(resolved)
        }
        return (file, mistakes)
    }
}

/// A member of a resource whose value can be in a file, which `file` names.
private struct SecretMember {
    let list: String
    let name: String
    /// Other members with the same secret.
    var alternatives: [String] = []
    /// Whether the secret is a PEM document, which has several lines.
    var isPEM = false

    var file: String { "\(name)_file" }

    static let all = [
        SecretMember(list: "clients", name: "client_secret", alternatives: ["client_secret_digest"]),
        SecretMember(list: "upstreams", name: "client_secret"),
        SecretMember(list: "upstreams", name: "private_key", isPEM: true),
    ]

    /// Returns the resource with the secret in place of its file, whose path is relative to the resource file.
    func resolved(in resource: JSON, beside resourceFile: String) throws(InvalidValue) -> JSON {
        guard var members = resource.object, let value = members[file] else { return resource }
        guard let path = value.string, !path.isEmpty else { throw InvalidValue("must be the path of a file") }
        if let other = ([name] + alternatives).first(where: { members[$0] != nil }) {
            throw InvalidValue("cannot be combined with \(other)")
        }
        let folder = resourceFile.lastIndex(of: "/").map { String(resourceFile[...$0]) } ?? ""
        members[file] = nil
        members[name] = .string(try secret(in: path.hasPrefix("/") ? path : folder + path))
        return .object(members)
    }

    private func secret(in location: String) throws(InvalidValue) -> String {
        guard let lines = SecretFile.lines(location) else {
            throw InvalidValue("\(location) cannot be read; check that it exists and that this user may read it")
        }
        guard !isPEM else {
            guard !lines.isEmpty else {
                throw InvalidValue("\(location) is empty; it must contain the private key (PEM)")
            }
            return lines.joined(separator: "\n")
        }
        guard lines.count == 1 else { throw InvalidValue("\(location) must contain the secret on a single line") }
        return lines[0]
    }

    /// Returns the resource with a secret that is long enough for every client. It is never applied.
    func invented(in resource: JSON, _ index: Int) -> JSON {
        var members = resource.object ?? [:]
        for other in [file] + alternatives { members[other] = nil }
        members[name] = .string("unreadable-\(index)-\(String(repeating: "x", count: 64))")
        return .object(members)
    }
}
