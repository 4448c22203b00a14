import Authenticators
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import Server

/// A television that signs in with the device grant (RFC 8628), as a client of the demo. Its page needs no script: it
/// reloads itself at the interval that Martlet sets.
actor DemoTelevision {
    private struct Codes {
        let device: String
        let user: String
        let address: String
        let completeAddress: String
        /// Seconds between polls.
        var interval: Int
        var nextPoll: Date
    }

    private enum State {
        case off
        case waiting(Codes)
        case signedIn(name: String)
        case ended(String)
    }

    private let issuer: Issuer
    private let fetcher: any Fetcher
    private var state = State.off
    /// Of several windows that show the page, one asks Martlet.
    private var isAsking = false

    init(_ issuer: Issuer, _ fetcher: any Fetcher) {
        self.issuer = issuer
        self.fetcher = fetcher
    }

    static let path = "/tv"
    private static let restartPath = "/tv/restart"
    private static let codePath = "/tv/code.svg"
    private static let client = "demo-tv"

    nonisolated var pages: [String: StaticSite.Page] {
        [
            Self.path: { await self.page() }, Self.codePath: { await self.code() },
            Self.restartPath: { await self.restart() },
        ]
    }

    private func page() async -> StaticSite.File {
        if !isAsking {
            isAsking = true
            await advance()
            isAsking = false
        }
        return html(content)
    }

    private func restart() -> StaticSite.File {
        state = .off
        return html((#"<p class="lead">A moment…</p>"#, refresh: 0))
    }

    /// The address with the code, for a phone's camera.
    private func code() -> StaticSite.File {
        var svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"
        if case .waiting(let codes) = state, let code = try? QRCode(codes.completeAddress) { svg = code.svg }
        return StaticSite.File(type: "image/svg+xml", bytes: Array(svg.utf8))
    }

    private func advance() async {
        do {
            switch state {
            case .off: state = .waiting(try await begin())
            case .waiting(let codes) where Date() >= codes.nextPoll: state = try await poll(codes)
            case .waiting, .signedIn, .ended: break
            }
        } catch {
            state = .ended("Martlet can't be reached: \(error)")
        }
    }

    private func begin() async throws -> Codes {
        let (_, answer) = try await post(
            "/device_authorization", [("client_id", Self.client), ("scope", "openid profile")])
        guard let device = answer["device_code"]?.string, let user = answer["user_code"]?.string,
            let address = answer["verification_uri"]?.string, let expiry = answer["expires_in"]?.integer, expiry > 0
        else { throw Mistakes(["the response has no codes"]) }
        let interval = answer["interval"]?.integer ?? 5
        return Codes(
            device: device, user: user, address: address,
            completeAddress: answer["verification_uri_complete"]?.string ?? address, interval: interval,
            nextPoll: Date().addingTimeInterval(TimeInterval(interval)))
    }

    private func poll(_ codes: Codes) async throws -> State {
        let (isOK, answer) = try await post(
            "/token",
            [
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", codes.device),
                ("client_id", Self.client),
            ])
        if isOK, let token = answer["access_token"]?.string { return .signedIn(name: try await name(token)) }
        var codes = codes
        switch answer["error"]?.string {
        case "authorization_pending": break
        case "slow_down": codes.interval += 5
        case "access_denied": return .ended("You denied the request.")
        case "expired_token": return .ended("The code has expired.")
        case let error: return .ended("Martlet's answer: \(error ?? "none").")
        }
        codes.nextPoll = Date().addingTimeInterval(TimeInterval(codes.interval))
        return .waiting(codes)
    }

    private func name(_ token: String) async throws -> String {
        let request = FetchRequest(.get, issuer.identifier + "/userinfo", headers: [.authorization: "Bearer \(token)"])
        let (_, claims) = try await send(request)
        return claims["name"]?.string ?? claims["sub"]?.string ?? "?"
    }

    private func post(_ path: String, _ form: [(name: String, value: String)]) async throws -> (Bool, JSONObject) {
        try await send(
            FetchRequest(
                .post, issuer.identifier + path, headers: [.contentType: "application/x-www-form-urlencoded"],
                body: Array(FormEncoding.encode(form).utf8)))
    }

    /// Returns whether the status is 2xx, and the body.
    private func send(_ request: FetchRequest) async throws -> (Bool, JSONObject) {
        do {
            return (true, try JSONObject(parsing: await fetcher.fetch(request, under: Self.policy).body))
        } catch FetchError.unsuccessful(_, let response) {
            return (false, try JSONObject(parsing: response.body))
        }
    }

    private static let policy = FetchPolicy(
        operation: "demo.television", allowsPrivateNetworks: true, timeout: .seconds(10), maximumSize: 65_536,
        mediaTypes: ["application/json"], caching: nil)

    private var content: (String, refresh: Int?) {
        switch state {
        case .off: return (#"<p class="lead">A moment…</p>"#, 1)
        case .waiting(let codes):
            let text = """
                <p class="lead">To watch, sign in on your phone or computer.</p>
                <div class="columns"><ol>
                <li>Open <a href="\(escaped(codes.completeAddress))">\(escaped(codes.address))</a></li>
                <li>Enter the code <strong id="user-code">\(escaped(codes.user))</strong></li>
                </ol>
                <img src="\(Self.codePath)" alt="QR code for the address above" width="320" height="320"></div>
                """
            return (text, codes.interval)
        case .signedIn(let name):
            return (#"<p class="lead" id="welcome">Welcome, \#(escaped(name)).</p>\#(Self.again("Sign out"))"#, nil)
        case .ended(let reason):
            return (#"<p class="lead" id="ended">\#(escaped(reason))</p>\#(Self.again("Get a new code"))"#, nil)
        }
    }

    private static func again(_ label: String) -> String {
        #"<p><a class="button" href="\#(restartPath)">\#(label)</a></p>"#
    }

    private func html(_ content: (text: String, refresh: Int?)) -> StaticSite.File {
        let refresh = content.refresh.map { #"<meta http-equiv="refresh" content="\#($0); url=\#(Self.path)">"# } ?? ""
        let text = String(decoding: PackageResources.tv_html, as: UTF8.self)
            .replacing("<!-- refresh -->", with: refresh)
            .replacing("<!-- content -->", with: content.text)
        return StaticSite.File(type: "text/html; charset=utf-8", bytes: Array(text.utf8))
    }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
