import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport

/// A user with a browser and an authenticator at one issuer.
struct PasskeyPerson {
    let issuer: TestIssuer
    var browser: Browser
    var authenticator: SoftwareAuthenticator

    init(_ issuer: TestIssuer, host: String = "id.example.com") throws {
        self.issuer = issuer
        browser = Browser(issuer)
        authenticator = try SoftwareAuthenticator(rpID: host, origin: "https://\(host)")
    }

    /// Signs in with a password and returns the passkeys page.
    func account(_ username: String = "alice", _ password: String = "correct horse") async throws -> Page {
        _ = try await browser.authorize(Browser.webRequest(), as: username, password: password)
        return try await browser.get("/account/passkeys").page()
    }

    /// Answers the passkeys page with a new credential.
    mutating func add(on page: Page, named name: String = "Phone") async throws -> Response {
        let credential = try authenticator.create(page.passkey.options)
        return try await browser.request(
            .post, "/account/passkeys",
            form: [
                ("form_token", page.text("form_token")), ("action", "add"), ("name", name),
                ("ceremony", page.passkey.ceremony), ("credential", credential),
            ])
    }

    /// Enrolls a passkey for a user who signs in with a password, and then discards the session.
    mutating func enrol(_ username: String = "alice", _ password: String = "correct horse") async throws {
        let response = try await add(on: account(username, password))
        guard response.status == .seeOther else { throw Unexpected("the passkey was not enrolled: \(response)") }
        browser.forgetCookies()
    }

    /// The sign-in page for a browser without a session.
    func signInPage(_ more: [(String, String)] = []) async throws -> Page {
        try await browser.get("/authorize", Browser.webRequest(more)).page()
    }

    /// Answers a page that asks for a passkey, by default with an honest credential.
    func answer(_ page: Page, _ credential: String? = nil, ceremony: String? = nil) async throws -> Response {
        let isSecond = page.template == "second-factor"
        return try await browser.request(
            .post, isSecond ? "/second-factor" : "/sign-in/passkey",
            form: [
                ("factor", isSecond ? "passkey" : ""), ("form_token", page.text("form_token")),
                ("interaction", page.text("interaction")),
                ("ceremony", ceremony ?? page.passkey.ceremony),
                ("credential", try credential ?? authenticator.get(page.passkey.options)),
            ])
    }

    /// Whether this browser has a session.
    func isSignedIn() async throws -> Bool {
        let response = try await browser.get("/authorize", Browser.webRequest([("prompt", "none")]))
        return try response.answer()["error"] != "login_required"
    }

    /// The ID Token's claims after an accepted answer.
    func claims(_ response: Response) async throws -> JSONObject {
        var response = try await browser.follow(response)
        if case .page(let page) = response.body, page.template == "consent" {
            response = try await browser.submit(page, [("decision", "allow")])
        }
        let tokens = try await issuer.redeem(response.answer().required("code")).json()
        let parts = (tokens["id_token"]?.string ?? "").split(separator: ".")
        return try JSONObject(parsing: Base64URL.decode(String(parts[1])))
    }
}

extension Page {
    /// The WebAuthn options and the sealed ceremony in the page.
    var passkey: (options: JSONObject, ceremony: String) {
        guard case .object(let part)? = data["passkey"], case .text(let options)? = part["options"],
            case .text(let ceremony)? = part["ceremony"], let object = try? JSONObject(parsing: Array(options.utf8))
        else { return ([:], "") }
        return (object, ceremony)
    }

    var offersPasskey: Bool { data["passkey"] != nil }
}
