import FoundationEssentials
import HTTPTypes

/// The shared parts of pages behind links in emails. Mail scanners follow links, so `GET` only shows a page, and a
/// button performs the action.
struct LinkPages: Sendable {
    let issuer: Issuer
    let browser: BrowserCookie
    let formToken: FormToken

    init(_ core: Core) {
        issuer = core.issuer
        browser = BrowserCookie(of: core.issuer)
        formToken = FormToken(core)
    }

    /// Returns a page with a form that is sent to `path`, bound to the browser.
    func form(
        _ template: String, at path: Path, _ request: Request, _ data: [String: Page.Value] = [:],
        error: String? = nil, formTargets: [String] = []
    ) -> Response {
        let (identity, cookie) = browser.identityOrNew(in: request)
        var data = data
        data["action"] = .text(issuer.reference(path))
        data["form_token"] = .text(formToken.value(for: identity, in: request))
        if let error { data["error"] = .object([error: true]) }
        if let link = request.parameters["link"] { data["link"] = .text(link) }
        return Response.page(Page(template, data: data, formTargets: formTargets)).setting(cookie)
    }

    /// Returns a page with a button that performs the link's action. Texts: `text.TOPIC_title`, `_lead`, `_action`.
    func question(_ topic: String, at path: Path, _ request: Request, _ data: [String: Page.Value] = [:]) -> Response {
        var data = data.merging(Self.texts(topic)) { own, _ in own }
        data["button"] = .text("text.\(topic)_action")
        return form("link", at: path, request, data)
    }

    /// Returns a page that confirms what was done. Texts: `text.TOPIC_title`, `_lead`. `continue_uri` is the way on.
    func done(_ topic: String, _ data: [String: Page.Value] = [:]) -> Response {
        .page(Page("done", data: data.merging(Self.texts(topic)) { own, _ in own }))
    }

    private static func texts(_ topic: String) -> [String: Page.Value] {
        ["title": .text("text.\(topic)_title"), "lead": .text("text.\(topic)_lead")]
    }
}

/// A page behind a link in an email.
protocol LinkEndpoint: PageEndpoint {
    var pages: LinkPages { get }
}

extension LinkEndpoint {
    var formToken: FormToken { pages.formToken }

    /// Shows the same page for every invalid link.
    func response(to error: OAuthError) -> Response {
        guard error.status == .gone else { return .page(error) }
        var response = pages.done("link_lost")
        response.status = .gone
        return response
    }
}
