package import Authenticators
package import FoundationEssentials
package import IdentityProvider
import JOSE
package import MariaDBDriver
package import SQLStorage
import SQLiteDriver
import Synchronization

/// A clock that stands still until it is moved.
package final class TestClock: Sendable {
    private let moment: Mutex<Date>

    package init(_ start: Date = Date(timeIntervalSince1970: 1_800_000_000)) { moment = Mutex(start) }

    package var now: Date { moment.withLock { $0 } }
    package func advance(by seconds: TimeInterval) { moment.withLock { $0 += seconds } }
}

/// The database that a test runs on.
package enum TestEngine: CaseIterable, Sendable {
    case sqlite, mariaDB
}

/// A private database, deleted with the last reference.
package final class TestDatabase: Sendable {
    package let database: any SQLDatabase
    package let backend: SQLBackend
    /// The path of the file, if there is one.
    package let folder: String?
    private let remove: @Sendable () -> Void

    package init(_ engine: TestEngine = .sqlite) async throws {
        let name = "issuer_" + UUID().uuidString.filter { $0 != "-" }.lowercased()
        switch engine {
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-\(name)").path()
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            database = try SQLiteDatabase(path: "\(folder)/test.db")
            self.folder = folder
            remove = { try? FileManager.default.removeItem(atPath: folder) }
        case .mariaDB:
            let server = try MariaDBServer.shared.get()
            database = MariaDBDatabase(try server.settings(name))
            folder = nil
            remove = { try? server.drop(name) }
        }
        backend = SQLBackend(database)
        _ = try await backend.migrate()
    }

    /// A database that the caller opened, and deletes.
    package init(opened database: any SQLDatabase) async throws {
        self.database = database
        backend = SQLBackend(database)
        folder = nil
        remove = {}
        _ = try await backend.migrate()
    }

    /// One of several nodes on the same database, which `server` keeps alive.
    package init(node settings: MariaDBSettings) async throws {
        database = MariaDBDatabase(settings)
        backend = SQLBackend(database)
        folder = nil
        remove = {}
        _ = try await backend.migrate()
    }

    deinit { remove() }
}

/// A network without any servers.
package struct NoNetwork: Fetcher {
    package init() {}
    package func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        throw FetchError.unknownHost("no network in this test")
    }
}

/// One issuer with real keys and a real database, ready for requests.
package struct TestIssuer: Sendable {
    package let issuer: Issuer
    package let clock: TestClock
    package let database: TestDatabase
    package let stores: Stores
    package let vault: KeyVault
    package let core: Core
    package let provider: Provider
    package let audit: AuditLog
    package let administration: Administration

    /// Applies `resources` (JSON). Hashing is cheap, because its cost is not tested here.
    package init(
        _ identifier: String = "https://id.example.com", resources: String = TestIssuer.resources,
        clock: TestClock = TestClock(), database: TestDatabase? = nil, mailbox: (any Mailer)? = nil,
        signUp: SignUpPolicy = .off, geolocator: (any Geolocator)? = nil, fetcher: any Fetcher = NoNetwork(),
        auditing: AuditSettings = AuditSettings(),
        passwordCost: Argon2Parameters = Argon2Parameters(memory: 8, iterations: 1),
        masterKeys: String = TestIssuer.masterKey, configure: (inout Settings) -> Void = { _ in }
    ) async throws {
        let database = if let database { database } else { try await TestDatabase() }
        issuer = try Issuer(identifier)
        self.clock = clock
        self.database = database
        stores = database.backend.stores(for: issuer)
        let passwords = PasswordFactor(
            users: stores.users, gate: PasswordGate(width: 2, queueLimit: 1_000), parameters: passwordCost)
        let now: @Sendable () -> Date = { clock.now }
        var settings = Settings(issuer: issuer)
        settings.signUp = signUp
        // Most tests try more often than people do. Those of the limits turn them on.
        settings.limits.signInFailures = nil
        settings.limits.requests = nil
        settings.limits.emailRequests = nil
        configure(&settings)
        vault = KeyVault(
            issuer, store: stores.dataKeys, masterKeys: try MasterKeys(parsing: masterKeys),
            lifetimes: settings.lifetimes, now: now)
        audit = AuditLog(store: stores.audit, vault: vault, settings: auditing, now: now)
        core = Core(
            settings: settings, stores: stores, vault: vault, passwords: passwords, limiter: RateLimiter(),
            audit: audit, mailer: mailbox, geolocator: geolocator, fetcher: fetcher, now: now)
        provider = Provider(core)
        administration = Administration(core)
        try await provider.keyRotation.run()
        _ = try await administration.apply(ResourceSet(JSONObject(parsing: Array(resources.utf8))))
    }

    package static let masterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    package static let resources = """
        {"users": [
            {"username": "alice", "password": "correct horse", "name": "Alice Liddell", "email": "alice@example.com",
             "email_verified": true, "address": {"country": "GB"}, "phone_number": "+44 1"},
            {"username": "bob", "password": "battery staple", "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DP"},
            {"username": "carol", "password": "disabled one", "disabled": true}],
         "clients": [
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1", "client_name": "Web shop",
             "redirect_uris": ["https://shop.example/callback", "https://shop.example/cb?x=1"],
             "post_logout_redirect_uris": ["https://shop.example/"],
             "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
             "scope": "openid profile email address phone offline_access orders.read reports.read",
             "id_token_signed_response_alg": "ES256"},
            {"client_id": "own", "client_secret": "own-secret-own-secret-own-secret-1",
             "redirect_uris": ["https://own.example/callback"], "consent": "skip", "scope": "openid profile"},
            {"client_id": "spa", "token_endpoint_auth_method": "none", "redirect_uris": ["https://spa.example/"],
             "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile offline_access"},
            {"client_id": "native", "token_endpoint_auth_method": "none",
             "redirect_uris": ["http://127.0.0.1/callback", "com.example.app:/callback"]},
            {"client_id": "post", "client_secret": "post-secret-post-secret-post-secret",
             "token_endpoint_auth_method": "client_secret_post", "grant_types": ["client_credentials"],
             "scope": "orders.read"},
            {"client_id": "hmac", "client_secret": "hmac-secret-hmac-secret-hmac-secret",
             "token_endpoint_auth_method": "client_secret_jwt", "grant_types": ["client_credentials"],
             "scope": "orders.read"},
            {"client_id": "api", "client_secret": "api-secret-api-secret-api-secret-1", "grant_types": []},
            {"client_id": "off", "client_secret": "off-secret-off-secret-off-secret-1", "disabled": true,
             "redirect_uris": ["https://off.example/"]}],
         "resource_servers": [
            {"identifier": "https://api.example.com", "scopes": ["orders.read", "orders.write"],
             "introspection_clients": ["api"]},
            {"identifier": "https://reports.example.com", "scopes": ["reports.read"], "access_token": "opaque",
             "access_token_lifetime": 120, "introspection_clients": ["api"]}]}
        """
}
