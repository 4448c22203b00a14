import Foundation
import IdentityProvider
import JOSE
import TestSupport
import Testing

@Suite("Commands for users who lost a second factor")
struct FactorCommandTests {
    /// A folder with an installation in which bob has an authenticator app.
    private func installation() async throws -> Folder {
        let folder = try Folder()
        try folder.write(
            "resources.yaml",
            """
            users:
              - { username: bob, password: battery staple, totp_secret: JBSWY3DPEHPK3PXPJBSWY3DP }
              - { username: carol, password: disabled one, disabled: true, totp_secret: JBSWY3DPEHPK3PXPJBSWY3DP }
            """)
        let applied = try await RunningProgram.run(["apply", "resources.yaml"], in: folder.url)
        #expect(applied.code == 0, "\(applied.output)")
        return folder
    }

    private func json(_ arguments: [String], in folder: Folder) async throws -> JSON {
        let run = try await RunningProgram.separated(["user"] + arguments + ["--output", "json"], in: folder.url)
        #expect(run.code == 0, "\(run.errors)")
        return try JSON(parsing: Array(run.result.utf8))
    }

    private func types(_ folder: Folder) async throws -> [String] {
        try await json(["factors", "bob"], in: folder).array?.compactMap { $0.object?["type"]?.string } ?? []
    }

    @Test("factors are listed as a table and as JSON, without secrets, and removed by id or type")
    func list() async throws {
        let folder = try await installation()
        let table = try await RunningProgram.separated(["user", "factors", "bob"], in: folder.url)
        #expect(table.result.contains(/TYPE +NAME +ADDED AT +LAST USED AT +LEFT +EXPIRES AT +ID\n/))
        #expect(table.result.contains(/\ntotp +Authenticator +20\d\d-/) && !table.result.contains("JBSWY3DP"))
        let app = try #require(
            try await json(["factors", "bob"], in: folder).array?.first { $0.object?["type"] == "totp" }?.object)
        #expect(Set(app.names) == ["type", "name", "added_at", "last_used_at", "left", "expires_at", "id"])
        let removal = ["user", "remove-factor", "bob", "--id", app["id"]?.string ?? ""]
        // Nobody can answer here, so it needs --yes.
        #expect(try await RunningProgram.run(removal, in: folder.url).code == 64)
        #expect(try await types(folder) == ["password", "totp"])
        #expect(try await RunningProgram.run(removal + ["--yes"], in: folder.url).code == 0)
        #expect(try await types(folder) == ["password"])
        let again = try await RunningProgram.run(removal + ["--yes"], in: folder.url)
        #expect(again.code == 78 && again.output.contains("bob has no such factor; `martlet user factors bob`"))
        let both = ["user", "remove-factor", "bob", "--id", "x", "--type", "totp", "--yes"]
        #expect(try await RunningProgram.run(both, in: folder.url).code == 64)
    }

    @Test("factors of a disabled user are removed, and `user show` lists the same factors")
    func disabled() async throws {
        let folder = try await installation()
        _ = try await json(["recovery-codes", "bob", "--yes"], in: folder)
        let listed = try await json(["factors", "bob"], in: folder)
        #expect(try await json(["show", "bob"], in: folder).object?["factors"] == listed)
        #expect(try await RunningProgram.run(["user", "disable", "bob"], in: folder.url).code == 0)
        let removal = try await json(["remove-factor", "bob", "--type", "recovery_code", "--yes"], in: folder).object
        #expect(removal?["removed"]?.array?.first?.object?["type"] == "recovery_code")
        #expect(try await types(folder) == ["password", "totp"])
        _ = try await json(["remove-factor", "carol", "--type", "totp", "--yes"], in: folder)
        let carol = try await json(["factors", "carol"], in: folder).array
        #expect(carol?.compactMap { $0.object?["type"]?.string } == ["password"])
    }

    @Test("recovery codes and access codes are printed once and recorded with the operator")
    func codes() async throws {
        let folder = try await installation()
        let replaced = try await json(["recovery-codes", "bob", "--yes"], in: folder).object
        #expect(replaced?["codes"]?.array?.count == 10 && replaced?["username"] == "bob")
        let made = try await RunningProgram.separated(["user", "access-code", "bob"], in: folder.url)
        #expect(made.code == 0 && made.result.wholeMatch(of: /[0-9A-Z]{5}-[0-9A-Z]{5}\n/) != nil, "\(made.errors)")
        #expect(!made.errors.contains(made.result.prefix(11)))
        let access = try await json(["access-code", "bob", "--minutes", "30"], in: folder).object
        #expect(access?["expires_in"] == 1_800 && access?["result"] == "access_code_made")
        #expect(try await types(folder) == ["password", "totp", "recovery_code", "access_code"])
        #expect(
            try await RunningProgram.run(
                ["user", "remove-factor", "bob", "--type", "access_code", "--yes"], in: folder.url
            ).code == 0)
        #expect(try await types(folder) == ["password", "totp", "recovery_code"])
        let log = try await RunningProgram.separated(["audit", "--user", "bob"], in: folder.url).result
        for event in ["recovery_codes_made", "access_code_made", "factor_removed"] { #expect(log.contains(event)) }
        #expect(!log.contains(made.result.prefix(11)))
    }

    @Test(
        "mistakes say what to do",
        arguments: [
            (["access-code", "bob", "--minutes", "1441"], 64 as Int32, "--minutes must be 1 to 1440"),
            (["access-code", "bob", "--minutes", "0"], 64, "--minutes must be 1 to 1440"),
            (["access-code", "carol"], 78, "martlet user enable carol"),
            (["recovery-codes", "carol", "--yes"], 78, "martlet user enable carol"),
            (["factors", "nobody"], 78, "no user named nobody"),
            (["remove-factor", "bob", "--yes"], 64, "either --id or --type"),
        ])
    func mistakes(_ arguments: [String], _ code: Int32, _ message: String) async throws {
        let folder = try await installation()
        let run = try await RunningProgram.run(["user"] + arguments, in: folder.url)
        #expect(run.code == code && run.output.contains(message), "\(run.output)")
    }
}
