package import JOSE

/// What stands between a client and the specifications that it may want to meet.
package struct ProfileReport: Sendable {
    package struct Entry: Sendable {
        /// The name of the specification.
        package let profile: String
        /// What it insists on, each with its section.
        package let missing: [String]
        /// What it recommends, each with its section.
        package let recommended: [String]
    }

    package let client: Identifier<Client>
    package let entries: [Entry]

    package init(of client: Client) {
        self.client = client.id
        entries = SecurityProfile.all.map { profile in
            let unmet = profile.unmet(by: client)
            func lines(_ level: ProfileDemand.Level) -> [String] {
                unmet.filter { $0.level == level }.map { "\($0.member) \($0.advice) (\($0.section))" }
            }
            return Entry(profile: profile.name, missing: lines(.required), recommended: lines(.recommended))
        }
    }

    /// One line for each specification.
    package var lines: [String] {
        entries.map { entry in
            let parts =
                [entry.missing.isEmpty ? "met" : "missing: " + entry.missing.joined(separator: "; ")]
                + (entry.recommended.isEmpty ? [] : ["recommended: " + entry.recommended.joined(separator: "; ")])
            return "client \(client): \(entry.profile): \(parts.joined(separator: "; "))"
        }
    }

    package var json: JSONObject {
        var members: JSONObject = ["client_id": .string(client.rawValue)]
        members["profiles"] = .array(
            entries.map { entry in
                .object([
                    "name": .string(entry.profile), "missing": .array(entry.missing.map(JSON.string)),
                    "recommended": .array(entry.recommended.map(JSON.string)),
                ])
            })
        return members
    }
}
