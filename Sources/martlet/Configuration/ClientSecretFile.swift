import FoundationEssentials
import IdentityProvider
import JOSE

/// The secrets of clients that a resource file keeps in files of their own (`client_secret_file`).
extension DocumentFile {
    /// Returns the document with the secrets in place, and the mistakes. Where a file can't be read, an invented secret
    /// stands in, so that the rest of the client is checked as well.
    func withClientSecrets() -> (file: DocumentFile, mistakes: [String]) {
        guard let clients = document["clients"]?.array else { return (self, []) }
        var file = self
        var mistakes: [String] = []
        var resolved: [JSON] = []
        for (index, client) in clients.enumerated() {
            let place = "clients[\(index)].client_secret_file"
            do throws(InvalidValue) { resolved.append(try withSecret(client)) } catch {
                mistakes.append("\(position(of: place)): \(error.reason)")
                var members = client.object ?? [:]
                for name in ["client_secret_file", "client_secret_digest"] { members[name] = nil }
                members["client_secret"] = .string("unreadable-\(index)-\(String(repeating: "x", count: 64))")
                resolved.append(.object(members))
            }
            // A mistake in the secret is reported where the file is named.
            file.move(place, to: "clients[\(index)].client_secret")
        }
        file.document["clients"] = .array(resolved)
        return (file, mistakes)
    }

    private func withSecret(_ client: JSON) throws(InvalidValue) -> JSON {
        guard var members = client.object, let value = members["client_secret_file"] else { return client }
        guard let name = value.string, !name.isEmpty else { throw InvalidValue("must be the path of a file") }
        if let other = ["client_secret", "client_secret_digest"].first(where: { members[$0] != nil }) {
            throw InvalidValue("cannot be combined with \(other)")
        }
        members["client_secret_file"] = nil
        members["client_secret"] = .string(try secret(in: name))
        return .object(members)
    }

    /// Reads the secret from a file, whose path is relative to this one.
    private func secret(in name: String) throws(InvalidValue) -> String {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let location = name.hasPrefix("/") ? name : folder + name
        guard let lines = SecretFile.lines(location) else {
            throw InvalidValue("\(location) cannot be read; check that it exists and that this user may read it")
        }
        guard lines.count == 1 else { throw InvalidValue("\(location) must contain the secret on a single line") }
        return lines[0]
    }
}
