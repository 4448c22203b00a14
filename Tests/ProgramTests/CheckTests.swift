import Foundation
import TestSupport
import Testing

@Suite("martlet check")
struct CheckTests {
    private func check(_ arguments: [String], in folder: Folder) async throws -> (code: Int32, output: String) {
        try await RunningProgram.run(["check", "--config", "martlet.yaml"] + arguments, in: folder.url)
    }

    private static let mistaken = """
        resource_servers:
          - identifier: https://api.example.com
            scopes: {"invoices:read": Read invoices}
            name: 12
        users:
          - username: alice
            password: 12345678
            email: alice
        clients:
          - client_id: shop
            redirect_uris: https://shop.example.com/cb
            scope: [openid, profile]
            client_secret: short
          - client_id: one
            redirect_uris: [https://one.example.com/cb]
            client_secret: 0123456789012345678901234567890123456789
          - client_id: two
            redirect_uri: [https://two.example.com/cb]
            client_secret: 0123456789012345678901234567890123456789
          - client_id: three
            redirect_uris: [https://three.example.com/cb]
            client_secret: 0123456789012345678901234567890123456789
          - client_id: spa
            redirect_uris: [https://spa.example.com/cb]
        clinets: []
        """

    @Test("one run tells every mistake in the settings and the resources, and names the one that was meant")
    func everything() async throws {
        let folder = try Folder()
        try folder.write(
            "martlet.yaml",
            "isuer: a\nlisten: 8080\ntls: true\nlifetimes: {session: 1h, sesion_idle: 3}\nmail: smtp://a\n")
        try folder.write("resources.yaml", Self.mistaken)
        let (code, output) = try await check(["resources.yaml"], in: folder)
        #expect(code == 78)
        for expected in [
            "martlet.yaml:1: isuer: unknown setting; did you mean issuer?", "martlet.yaml:2: listen: must be HOST:PORT",
            "martlet.yaml:3: tls: must be a mapping, with certificate, key",
            "martlet.yaml:4: lifetimes.sesion_idle: unknown setting; did you mean lifetimes.session_idle?",
            "martlet.yaml:4: lifetimes.session: must be a number of seconds",
            "martlet.yaml:5: mail: must be a mapping, with smtp, from",
            "resources.yaml:4: resource_servers[0].name: must be a string",
            "resources.yaml:7: users[0].password: must be a string; put it in quotes",
            "resources.yaml:8: users[0].email: must be an email address",
            "resources.yaml:11: clients[0].redirect_uris: must be a list; put it in brackets",
            "resources.yaml:12: clients[0].scope: must be a string, not a list",
            "resources.yaml:13: clients[0].client_secret: must have at least 16 characters",
            "resources.yaml:18: clients[2].redirect_uri: is not a known member; did you mean redirect_uris?",
            "note: resources.yaml:22: clients[3].client_secret: client three has the secret of client one",
            "resources.yaml:23: clients[4].client_secret: is missing", "token_endpoint_auth_method: none",
            "resources.yaml:25: clinets: is not a kind of resource; did you mean clients?",
        ] { #expect(output.contains(expected), "\(expected)") }
        // Secrets and passwords are not repeated.
        #expect(!output.contains("12345678") && !output.contains("0123456789") && !output.contains("short"))
        // A member that was misread is not reported as missing as well.
        #expect(!output.contains("resources.yaml:11: clients[0].redirect_uris: is required"))
    }

    @Test("with --output json, standard output has one object with the errors, the notes and the clients")
    func output() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "issuer: http://localhost:8080\n")
        try folder.write("resources.yaml", Self.mistaken)
        func report(_ files: [String]) async throws -> (code: Int32, errors: [String], notes: [String]) {
            let (code, result, _) = try await RunningProgram.separated(
                ["check", "--config", "martlet.yaml", "--output", "json"] + files, in: folder.url)
            let report = try json(result)
            #expect(report.keys.sorted() == ["clients", "errors", "notes"])
            return (code, try #require(report["errors"] as? [String]), try #require(report["notes"] as? [String]))
        }
        let mistaken = try await report(["resources.yaml"])
        #expect(mistaken.code == 78)
        #expect(mistaken.errors.contains { $0.hasPrefix("resources.yaml:7: users[0].password: must be a string") })
        #expect(mistaken.notes.contains { $0.contains("client three has the secret of client one") })
        let valid = try await report([])
        #expect(valid.code == 0)
        #expect(valid.errors == [])
        #expect(valid.notes == ["storage: sqlite:var/martlet.db is empty; the first start fills it"])
    }

    @Test("a configuration file and a resource file that were swapped are recognized, even with mistakes in them")
    func swapped() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "clients: []\nuser: []\n")
        try folder.write("resources.yaml", "isuer: x\nlisten: 127.0.0.1:8080\n")
        let (code, output) = try await check(["resources.yaml"], in: folder)
        #expect(code == 78)
        #expect(output.contains("martlet.yaml: this is a resource file, not a configuration file"))
        #expect(
            output.contains("resources.yaml: this is a configuration file, not a resource file; name it with --config"))
        #expect(!output.contains("isuer"))
    }

    @Test("an unreachable database is an error of its own, told beside the mistakes, without its password")
    func unreachable() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "storage: mariadb://martlet:letmein@127.0.0.1:1/martlet?timeout=1\n")
        _ = try await RunningProgram.run(["key", "master", "var.key"], in: folder.url)
        let (code, output) = try await check(["--master-key-file", "var.key"], in: folder)
        #expect(code == 69, "\(output)")
        #expect(output.contains("error: storage: "))
        #expect(!output.contains("letmein"))
        let mistaken = try await check(["--master-key-file", "var.key", "--telemetry-log", "xml"], in: folder)
        #expect(mistaken.code == 78)
        #expect(mistaken.output.contains("error: storage: ") && mistaken.output.contains("must be json or text"))
    }

    @Test("names in the database are known; a misspelled one is a note, and an error with --strict")
    func misspelled() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "issuer: http://localhost:8080\n")
        try folder.write(
            "api.yaml",
            "resource_servers: [{identifier: https://api.example, scopes: [orders.read]}]\nroles: [{name: editor}]\n")
        try folder.write(
            "users.yaml",
            """
            users:
              - username: alice
                roles: [editor, edtior]
            clients:
              - client_id: spa
                token_endpoint_auth_method: none
                redirect_uris: [https://spa.example.com/cb]
                scope: openid orders.read orders.raed
            """)
        let before = try await check(["users.yaml"], in: folder)
        #expect(before.code == 0)
        #expect(before.output.contains("scope orders.read: no resource server has it"))
        #expect(before.output.contains("is empty; the first start fills it"))
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "var").path()))

        // An empty database is no reason to fail in a pipeline.
        #expect(try await check(["api.yaml", "--strict"], in: folder).code == 0)
        let applied = try await RunningProgram.run(["apply", "api.yaml", "--config", "martlet.yaml"], in: folder.url)
        #expect(applied.code == 0, "\(applied.output)")
        let after = try await check(["users.yaml"], in: folder)
        #expect(after.code == 0)
        #expect(after.output.contains("note: users.yaml:3: users[0].roles: role edtior: did you mean editor?"))
        #expect(after.output.contains("users.yaml:8: clients[0].scope: scope orders.raed: did you mean orders.read?"))
        #expect(!after.output.contains("scope orders.read:") && !after.output.contains("role editor"))
        #expect(try await check(["users.yaml", "--strict"], in: folder).code == 78)

        let other = try await check(["--issuer", "http://localhost:8081"], in: folder)
        #expect(other.code == 0)
        #expect(other.output.contains("issuer: the database has http://localhost:8080; the next start adds"))
    }

    @Test("a certificate that does not fit its key, or has expired, is an error")
    func certificate() async throws {
        let folder = try Folder()
        try folder.write("martlet.yaml", "tls: {certificate: cert.pem, key: key.pem}\n")
        func make(_ certificate: String, _ key: String, days: Int) throws {
            try openssl(
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "\(days)",
                    "-keyout", key, "-out", certificate,
                ], in: folder)
        }
        try make("cert.pem", "key.pem", days: 90)
        let good = try await check([], in: folder)
        #expect(good.code == 0, "\(good.output)")
        try make("soon.pem", "key.pem", days: 3)
        let soon = try await check(["--tls-certificate", "soon.pem"], in: folder)
        #expect(soon.code == 0)
        #expect(soon.output.contains("note: tls.certificate: soon.pem expires in less than 3 days"), "\(soon.output)")
        let foreign = try await check([], in: folder)
        #expect(foreign.code == 78)
        #expect(foreign.output.contains("error: tls: key.pem: "))
        try makeExpired("past.pem", "key.pem", in: folder)
        let past = try await check(["--tls-certificate", "past.pem"], in: folder)
        #expect(past.code == 78)
        #expect(past.output.contains("error: tls.certificate: past.pem has expired"), "\(past.output)")
    }

    /// Signs with a certificate authority, because `openssl req` makes no certificate that ends in the past.
    private func makeExpired(_ certificate: String, _ key: String, in folder: Folder) throws {
        try folder.write(
            "ca.conf",
            """
            [ca]
            default_ca = one
            [one]
            database = index.txt
            serial = serial
            new_certs_dir = .
            default_md = sha256
            policy = any
            [any]
            commonName = supplied
            """)
        try folder.write("index.txt", "")
        try folder.write("serial", "01\n")
        try openssl(["req", "-new", "-key", key, "-subj", "/CN=localhost", "-out", "request.pem"], in: folder)
        try openssl(
            [
                "ca", "-batch", "-config", "ca.conf", "-selfsign", "-keyfile", key, "-in", "request.pem", "-startdate",
                "20200101000000Z", "-enddate", "20200201000000Z", "-notext", "-out", certificate,
            ], in: folder)
    }

    private func openssl(_ arguments: [String], in folder: Folder) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
