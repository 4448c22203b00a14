import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport

@testable import IdentityProvider

/// An issuer with a television and a box beside it, and the users who connect them.
struct DeviceScene: Sendable {
    let issuer: TestIssuer
    static let grant = "urn:ietf:params:oauth:grant-type:device_code"
    static let tv = Identifier<Client>(rawValue: "tv")
    static let living = "192.0.2.7"

    init(
        _ engine: TestEngine = .sqlite, tv changes: JSONObject = [:], geolocator: (any Geolocator)? = nil,
        clock: TestClock = TestClock(), database: TestDatabase? = nil, mailbox: TestMailbox? = nil,
        configure: (inout Settings) -> Void = { _ in }
    ) async throws {
        let database = if let database { database } else { try await TestDatabase(engine) }
        issuer = try await TestIssuer(
            resources: TestIssuer.resources(adding: Self.tv(changes), Self.box, Self.other), clock: clock,
            database: database, mailbox: mailbox, geolocator: geolocator, configure: configure)
    }

    static func tv(_ changes: JSONObject = [:]) -> JSONObject {
        let members: JSONObject = [
            "client_id": "tv", "client_name": "Television", "token_endpoint_auth_method": "none",
            "grant_types": [.string(grant), "refresh_token"], "scope": "openid profile offline_access orders.read",
        ]
        return members.changed(by: changes)
    }

    private static let box: JSONObject = [
        "client_id": "box", "client_secret": "box-secret-box-secret-box-secret-1", "grant_types": [.string(grant)],
        "scope": "openid orders.read",
    ]
    private static let other: JSONObject = [
        "client_id": "radio", "token_endpoint_auth_method": "none", "grant_types": [.string(grant)], "scope": "openid",
    ]

    struct Codes: Sendable {
        let device: String
        let user: String
    }

    func ask(
        _ more: [(String, String)] = [("scope", "openid profile")], as client: String = "tv",
        headers: HTTPFields = [:], from address: String = living
    ) async throws -> Response {
        try await issuer.send(
            .post, "/device_authorization", form: [("client_id", client)] + more, headers: headers, from: address)
    }

    func codes(
        _ more: [(String, String)] = [("scope", "openid profile")], as client: String = "tv",
        from address: String = living
    ) async throws -> Codes {
        let answer = try await ask(more, as: client, from: address).json()
        guard let device = answer["device_code"]?.string, let user = answer["user_code"]?.string else {
            throw Unexpected("no codes: \(answer)")
        }
        return Codes(device: device, user: user)
    }

    func poll(
        _ codes: Codes, as client: String = "tv", _ more: [(String, String)] = [], headers: HTTPFields = [:]
    ) async throws -> Response {
        try await issuer.send(
            .post, "/token",
            form: [("grant_type", Self.grant), ("device_code", codes.device), ("client_id", client)] + more,
            headers: headers, from: Self.living)
    }

    /// Polls, and returns the error.
    func error(
        _ codes: Codes, as client: String = "tv", _ more: [(String, String)] = [], headers: HTTPFields = [:]
    ) async throws -> String? {
        let response = try await poll(codes, as: client, more, headers: headers)
        guard response.status == .badRequest else { return "\(response.status)" }
        return try response.json()["error"]?.string
    }

    /// Returns a browser in which the user is signed in, on the page that asks for the code.
    func browser(
        _ name: String = "alice", _ password: String = "correct horse", at address: String = living
    ) async throws -> Browser {
        let browser = Browser(issuer, at: address)
        let page = try await browser.get("/device").page()
        let next = try await browser.submit(page, [("username", name), ("password", password)]).page()
        guard next.template == "device" else { throw Unexpected("expected the code page, got \(next.template)") }
        return browser
    }

    /// Enters a user code, and returns the page that follows.
    func enter(_ code: String, in browser: Browser) async throws -> Page {
        try await browser.submit(browser.get("/device").page(), [("user_code", code)]).page()
    }

    /// Enters the code, and answers.
    @discardableResult
    func answer(_ codes: Codes, _ decision: String, in browser: Browser) async throws -> Page {
        try await browser.submit(enter(codes.user, in: browser), [("decision", decision)]).page()
    }

    @discardableResult
    func approve(_ codes: Codes) async throws -> Browser {
        let browser = try await browser()
        guard try await answer(codes, "allow", in: browser).text("title") == "text.device_approved_title" else {
            throw Unexpected("not approved")
        }
        return browser
    }

    func events(_ names: String...) async throws -> [AuditRecord] {
        try await issuer.audit.flush()
        var query = AuditQuery()
        query.events = Set(names)
        return try await issuer.audit.store.find(query).map(\.record)
    }
}

/// Locates one network in each of two countries, and nothing else.
struct TwoCountries: Geolocator {
    func location(of address: String) -> Location? {
        switch address.prefix(4) {
        case "192.": Location(country: "DE", city: "Munich")
        case "198.": Location(country: "US", city: "New York")
        case "193.": Location(country: "DE", city: "Berlin")
        default: nil
        }
    }
}
