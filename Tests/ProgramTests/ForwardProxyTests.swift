import Foundation
import TestSupport
import Testing

/// A proxy with the configuration from docs/.
enum ForwardProxy: String, CaseIterable {
    case nginx, caddy

    /// The shipped configuration with other addresses, and without TLS, which cookies of localhost don't need.
    func configuration(port: Int, martlet: Int, application: Int) throws -> (name: String, text: String) {
        func shipped(_ name: String) throws -> String {
            let file = RunningScript.folder.appending(path: "../../docs/forward-authentication/\(name)")
            return try String(contentsOf: file.standardizedFileURL, encoding: .utf8)
                .replacing("127.0.0.1:8080", with: "127.0.0.1:\(martlet)")
                .replacing("127.0.0.1:3000", with: "127.0.0.1:\(application)")
        }
        switch self {
        case .nginx:
            let server = try shipped("nginx.conf")
                .replacing("listen 443 ssl;", with: "listen 127.0.0.1:\(port);")
                .replacing("server_name app.example.com;", with: "server_name localhost;")
                .replacing(#/ +ssl_certificate[^\n]*\n/#, with: "")
            return ("nginx.conf", Self.aroundNginx.replacing("SERVER", with: server))
        case .caddy:
            let site = try shipped("Caddyfile")
                .replacing("app.example.com {", with: "http://localhost:\(port) {\n\tbind 127.0.0.1")
            return ("Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n\(site)")
        }
    }

    static let aroundNginx = """
        pid pid;
        error_log stderr;
        worker_processes 1;
        events {}
        http {
            access_log off;
            client_body_temp_path temporary/body;
            proxy_temp_path temporary/proxy;
            fastcgi_temp_path temporary/fastcgi;
            uwsgi_temp_path temporary/uwsgi;
            scgi_temp_path temporary/scgi;
        SERVER
        }
        """
}

/// A proxy in front of a small application, asking Martlet.
private struct Site {
    static let resources = """
        clients:
          - client_id: wiki
            client_name: Wiki
            grant_types: []
            token_endpoint_auth_method: none
            forward_auth:
              origins: [ORIGIN]
              roles: [editor]
              resource: https://wiki.example
          - client_id: app
            first_party: true
            grant_types: [refresh_token]
            token_endpoint_auth_method: none
            scope: openid wiki.read
        resource_servers:
          - identifier: https://wiki.example
            scopes: [wiki.read]
        roles:
          - name: editor
            permissions: [wiki:write]
        users:
          - username: alice
            password: correct horse battery
            name: Alice Liddell
            roles: [editor]
          - username: bob
            password: battery staple correct
        """

    let martlet: RunningServer
    let origin: String
    private let proxy: RunningScript
    private let application: RunningScript
    private let folder: Folder

    init(_ kind: ForwardProxy, _ options: [String] = []) async throws {
        folder = try Folder()
        let (port, applicationPort) = (try freePort(), try freePort())
        origin = "http://localhost:\(port)"
        try folder.write("resources.yaml", Self.resources.replacing("ORIGIN", with: origin))
        martlet = try await RunningServer(
            ["--apply", "resources.yaml", "--trusted-proxies", "127.0.0.1/32"] + options, in: folder.url)
        let file = try kind.configuration(port: port, martlet: martlet.port, application: applicationPort)
        try folder.write(file.name, file.text)
        application = try RunningScript("application", [String(applicationPort)])
        proxy = try RunningScript(kind.rawValue, [folder.url.path()])
        let behind = WebClient(origin: "http://localhost:\(applicationPort)")
        try await until("the application answers") { (try? await behind.get("/")) != nil }
        let (folder, proxy, client) = (folder, proxy, WebClient(origin: origin))
        try await until("\(kind) answers") {
            guard proxy.isRunning else {
                let log = try? String(contentsOf: folder.url.appending(path: "log"), encoding: .utf8)
                throw Unexpected("\(kind) ended: \(log ?? "")")
            }
            return (try? await client.get("/")) != nil
        }
    }
}

/// A browser with cookies for Martlet and for the application.
private struct Person {
    let site: Site
    let atMartlet: WebClient
    let atApplication: WebClient

    init(_ site: Site) {
        self.site = site
        atMartlet = WebClient(origin: site.martlet.issuer)
        atApplication = WebClient(origin: site.origin)
    }

    static let page = [("Accept", "text/html")]

    /// Follows redirects between the two until a page or another response arrives.
    func follow(_ answer: WebClient.Answer) async throws -> WebClient.Answer {
        var answer = answer
        for _ in 0..<12 {
            guard let location = answer.header("location") else { return answer }
            if location.hasPrefix(site.origin) {
                answer = try await atApplication.get(String(location.dropFirst(site.origin.count)), headers: Self.page)
            } else if location.hasPrefix(site.martlet.issuer) {
                answer = try await atMartlet.get(String(location.dropFirst(site.martlet.issuer.count)))
            } else if location.hasPrefix("/") {
                answer = try await atMartlet.get(location)
            } else {
                throw Unexpected("redirected to another site: \(location)")
            }
        }
        throw Unexpected("redirect loop")
    }

    func open(_ path: String) async throws -> WebClient.Answer {
        try await follow(atApplication.get(path, headers: Self.page))
    }

    func signIn(_ page: WebClient.Answer, _ username: String, _ password: String) async throws -> WebClient.Answer {
        let form = page.form
        return try await follow(
            atMartlet.post(form.action, form.fields + [("username", username), ("password", password)]))
    }
}

@Suite(
    "Forward authentication with nginx and Caddy, as configured in docs/forward-authentication", .serialized)
struct ForwardProxyTests {
    private func headers(_ answer: WebClient.Answer) throws -> [String: String] {
        try json(answer.body)["headers"] as? [String: String] ?? [:]
    }

    @Test(
        "a user signs in on the way to a page and reaches it, and the application learns who they are",
        arguments: ForwardProxy.allCases)
    func way(_ proxy: ForwardProxy) async throws {
        let site = try await Site(proxy)
        let alice = Person(site)
        let page = try await alice.open("/wiki/page?a=1&b=%2F")
        #expect(page.body.contains("name=\"password\""))
        let answer = try await alice.signIn(page, "alice", "correct horse battery")
        #expect(answer.status == 200)
        #expect(try json(answer.body)["path"] as? String == "/wiki/page?a=1&b=%2F")
        #expect(try headers(answer)["remote-user"] == "alice")
        #expect(try headers(answer)["remote-roles"] == "editor")
        // Identity headers sent by the browser are ignored.
        let forged = try await alice.atApplication.get(
            "/", headers: [("Remote-User", "root"), ("Remote-Email", "root@example.com"), ("Remote-Groups", "admin")])
        #expect(try headers(forged)["remote-user"] == "alice")
        for name in ["remote-email", "remote-groups"] { #expect(try headers(forged)[name] ?? "" == "") }
        let written = try await alice.atApplication.post("/save", [("text", "x")])
        #expect(written.status == 200)
        #expect(try json(written.body)["method"] as? String == "POST")

        // When the session ends, so does access.
        let (code, _) = try await RunningProgram.run(
            ["session", "end", "alice", "--yes", "--issuer", site.martlet.issuer], in: site.martlet.program.folder)
        #expect(code == 0)
        #expect(try await alice.atApplication.get("/", headers: [("Accept", "application/json")]).status == 401)
        #expect(try await alice.open("/").body.contains("name=\"password\""))
    }

    @Test(
        "scripts get 401, a forged X-Forwarded-Host is ignored, and the check can't be called directly",
        arguments: ForwardProxy.allCases)
    func refusals(_ proxy: ForwardProxy) async throws {
        let site = try await Site(proxy)
        let stranger = Person(site)
        let script = try await stranger.atApplication.get("/data", headers: [("Accept", "application/json")])
        #expect(script.status == 401)
        #expect(script.header("location") == nil)
        let misled = try await stranger.atApplication.get(
            "/", headers: [("Accept", "text/html"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Uri", "/evil")])
        #expect(misled.status == 302)
        #expect(misled.header("location")?.hasPrefix(site.martlet.issuer + "/api/auth/forward/sign-in?") == true)
        let check = try await stranger.atApplication.get("/.martlet/check")
        #expect(check.status == (proxy == .nginx ? 404 : 401))
        #expect(check.header("Remote-User") == nil)
        #expect(try await stranger.atApplication.get("/.martlet/callback?ticket=x").status == 410)
        #expect(try await stranger.atApplication.get("/", headers: [("Cookie", "martlet-forward=x")]).status == 401)
    }

    @Test(
        "a user without the role is refused, and signing out at the application ends the session",
        arguments: ForwardProxy.allCases)
    func roles(_ proxy: ForwardProxy) async throws {
        let site = try await Site(proxy)
        let bob = Person(site)
        let answer = try await bob.signIn(bob.open("/"), "bob", "battery staple correct")
        #expect(answer.status == 403)
        let assign = try await RunningProgram.run(
            ["user", "assign", "bob", "--role", "editor", "--issuer", site.martlet.issuer],
            in: site.martlet.program.folder)
        #expect(assign.code == 0)
        let entered = try await bob.open("/")
        #expect(try headers(entered)["remote-user"] == "bob")
        let question = try await bob.open("/.martlet/sign-out")
        let form = question.form
        _ = try await bob.atMartlet.post(form.action, form.fields + [("decision", "sign-out")])
        #expect(try await bob.atApplication.get("/", headers: [("Accept", "application/json")]).status == 401)
    }

    @Test(
        "a program reaches the application with a token bound to its key, and is challenged otherwise",
        arguments: ForwardProxy.allCases)
    func program(_ proxy: ForwardProxy) async throws {
        let site = try await Site(proxy, ["--dpop-nonces", "true"])
        let (atMartlet, atApplication) = (WebClient(origin: site.martlet.issuer), WebClient(origin: site.origin))
        let key = try DPoPKey()
        func signIn(_ user: String, _ password: String) async throws -> String {
            let body = """
                {"username": "\(user)", "password": "\(password)", "client_id": "app", "scope": "openid wiki.read"}
                """
            func ask(_ nonce: String?) async throws -> WebClient.Answer {
                let uri = site.martlet.issuer + "/api/auth/login"
                let proof = try await key.proof("POST", uri, at: Date(), nonce: nonce)
                return try await atMartlet.postJSON("/api/auth/login", body, headers: [("DPoP", proof)])
            }
            let answer = try await ask(ask(nil).header("DPoP-Nonce"))
            return try #require(try json(answer.body)["access_token"] as? String, "\(answer.body)")
        }
        let token = try await signIn("alice", "correct horse battery")
        /// Opens a page with the token, as a browser would, and with a proof for `method`.
        func open(
            _ token: String, scheme: String = "DPoP", method: String = "GET", by key: DPoPKey = key,
            nonce: String? = nil
        ) async throws -> WebClient.Answer {
            let proof = try await key.proof(
                method, site.origin + "/data", at: Date(), token: token, nonce: nonce)
            let fields = [("Authorization", "\(scheme) \(token)"), ("DPoP", proof), ("Accept", "text/html")]
            return try await atApplication.get("/data?a=1", headers: fields)
        }
        let asked = try await open(token)
        #expect(asked.status == 401)
        #expect(asked.header("WWW-Authenticate")?.contains("error=\"use_dpop_nonce\"") == true)
        let nonce = try #require(asked.header("DPoP-Nonce"))
        #expect(asked.headers.count { $0.0.lowercased() == "dpop-nonce" } == 1)
        let answer = try await open(token, nonce: nonce)
        #expect(answer.status == 200)
        #expect(try headers(answer)["remote-user"] == "alice")
        #expect(try headers(answer)["remote-roles"] == "editor")
        for refused in [
            try await open(token, method: "POST", nonce: nonce), try await open("x", nonce: nonce),
            try await open(token, scheme: "Bearer", nonce: nonce), try await open(token, by: DPoPKey(), nonce: nonce),
        ] {
            #expect(refused.status == 401)
            #expect(refused.header("location") == nil)
            #expect(refused.header("WWW-Authenticate")?.hasPrefix("DPoP ") == true)
        }
        #expect(try await open(signIn("bob", "battery staple correct"), nonce: nonce).status == 403)
    }
}
