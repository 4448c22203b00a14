import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport

/// An issuer whose users may sign in with upstreams: `acme` has a domain, `github` is a preset, `google` is down, and
/// `off` is disabled.
enum UpstreamWays {
    static let domainless = [github, google, off]
    static let all = [acme] + domainless

    static let acme = upstream(#""id": "acme", "name": {"en": "Acme", "de": "Akme"}, "domains": ["acme.example"]"#)
    static let github = #"{"preset": "github", "client_id": "c", "client_secret": "s"}"#
    static let google = #"{"preset": "google", "client_id": "c", "client_secret": "s"}"#
    static let off = upstream(#""id": "off", "disabled": true"#)

    static func upstream(_ members: String) -> String {
        """
        {\(members), "client_id": "c", "client_secret": "s", "authorization_endpoint": "https://acme.example/authorize",
         "token_endpoint": "https://acme.example/token", "userinfo_endpoint": "https://acme.example/me"}
        """
    }

    /// `web` may use all upstreams, `one` only GitHub, and `none` none.
    static func issuer(
        _ upstreams: [String] = all, one: String = "github", fetcher: any Fetcher = NoNetwork(),
        configure: (inout Settings) -> Void = { _ in }
    ) async throws -> TestIssuer {
        try await TestIssuer(resources: resources(upstreams, one: one), fetcher: fetcher, configure: configure)
    }

    static func resources(_ upstreams: [String], one: String = "github") -> String {
        func client(_ id: String, _ more: String = "") -> String {
            """
            {"client_id": "\(id)", "client_secret": "\(id)-secret-\(id)-secret-\(id)-secret-1", "consent": "skip",
             "redirect_uris": ["https://shop.example/callback"]\(more)}
            """
        }
        return """
            {"users": [{"username": "alice", "password": "correct horse", "email": "alice@acme.example",
                        "email_verified": true}],
             "upstreams": [\(upstreams.joined(separator: ", "))],
             "clients": [\(client("web")), \(client("one", #", "upstreams": ["\#(one)"]"#)),
                         \(client("none", #", "upstreams": []"#))]}
            """
    }

    static func request(_ client: String = "web", _ more: [(String, String)] = []) -> [(String, String)] {
        [
            ("response_type", "code"), ("client_id", client), ("redirect_uri", "https://shop.example/callback"),
            ("scope", "openid"), ("nonce", "n"),
        ] + more
    }
}

/// GitHub, as far as a sign-in needs it. Everyone is user 7.
struct CannedGitHub: Fetcher {
    func fetch(_ request: FetchRequest, under policy: FetchPolicy) async throws -> FetchResponse {
        let body =
            switch request.url {
            case "https://github.com/login/oauth/access_token": #"{"access_token": "t", "token_type": "bearer"}"#
            case "https://api.github.com/user": #"{"id": 7, "login": "alice"}"#
            case "https://api.github.com/user/emails": "[]"
            default: throw FetchError.unknownHost(request.url)
            }
        return FetchResponse(status: 200, headers: [.contentType: "application/json"], body: Array(body.utf8))
    }
}

extension Page {
    /// The items of the list in `data["upstreams"]`.
    var upstreams: [[String: Page.Value]] {
        guard case .object(let part)? = data["upstreams"], case .list(let items)? = part["choices"] else { return [] }
        return items.compactMap { if case .object(let item) = $0 { item } else { nil } }
    }

    /// Where each upstream's link leads, by the identifier in it.
    var upstreamLinks: [(id: String, href: String)] {
        upstreams.compactMap { item in
            guard case .text(let href)? = item["href"] else { return nil }
            return (href.split(separator: "=").last.map(String.init) ?? "", href)
        }
    }

    func link(to upstream: String) throws -> String {
        guard let link = upstreamLinks.first(where: { $0.id == upstream }) else {
            throw Unexpected("the page \(template) has no link to \(upstream)")
        }
        return link.href
    }

    /// The name of the text about what happened at an upstream.
    var problem: String? {
        if case .object(let problem)? = data["problem"], case .text(let text)? = problem["text"] { text } else { nil }
    }

    var asksUsernameOnly: Bool { data["asks_username_only"] == true }
}

extension Response {
    /// Where the page of an upstream sends the browser by itself.
    var refresh: String? {
        headers[HTTPField.Name("Refresh")!].map { String($0.drop { $0 != "=" }.dropFirst()) }
    }
}

extension Browser {
    /// Follows a link as it is on a page.
    func click(_ href: String) async throws -> Response {
        let parts = href.split(separator: "?", maxSplits: 1).map(String.init)
        return try await follow(request(.get, parts[0], query: parts.count > 1 ? parts[1] : nil))
    }
}
