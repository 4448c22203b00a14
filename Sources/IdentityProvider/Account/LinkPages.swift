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
        error: String? = nil, formTargets: [String] = [], on signIn: PageSetting? = nil
    ) -> Response {
        let (identity, cookie) = browser.identityOrNew(in: request)
        var data = data
        data["action"] = .text(issuer.reference(path))
        data["form_token"] = .text(formToken.value(for: identity, in: request))
        if let error { data["error"] = .object([error: true]) }
        if let link = request.parameters["link"] { data["link"] = .text(link) }
        var page = Page(template, data: data, formTargets: formTargets)
        if let signIn { page.show(signIn) }
        return Response.page(page).setting(cookie)
    }

    /// Returns a page with a button that performs the link's action. Texts: `text.TOPIC_title`, `_lead`, `_action`.
    func question(_ topic: String, at path: Path, _ request: Request, _ data: [String: Page.Value] = [:]) -> Response {
        var data = data.merging(Self.texts(topic)) { own, _ in own }
        data["button"] = .text("text.\(topic)_action")
        return form("link", at: path, request, data)
    }

    /// Returns a page that confirms what was done. Texts: `text.TOPIC_title`, `_lead`. Its button leads to
    /// `continue_uri`, otherwise to `next`, otherwise to the account page.
    func done(
        _ topic: String, _ data: [String: Page.Value] = [:], next: NextStep? = nil, on signIn: PageSetting? = nil
    ) -> Response {
        var page = Page("done", data: data.merging(Self.texts(topic)) { own, _ in own })
        page.data["next"] = next?.data
        if let signIn { page.show(signIn) }
        return .page(page)
    }

    /// Returns a page that says where an email was sent. Its button resubmits `fields` to `path` like the form before it:
    /// under the same rate limits, and with the same response whether or not the account exists.
    func sent(
        _ topic: String, at path: Path, again fields: [(name: String, value: String)], _ request: Request,
        _ data: [String: Page.Value] = [:], on signIn: PageSetting? = nil
    ) -> Response {
        var data = data.merging(Self.texts(topic)) { own, _ in own }
        data["has_resend"] = true
        data["resend"] = .list(fields.map { ["name": .text($0.name), "value": .text($0.value)] })
        data["is_sent_again"] = .flag(request.parameters["again"] != nil)
        return form("done", at: path, request, data, on: signIn)
    }

    /// Returns a step to one of the issuer's pages.
    func step(_ path: Path, _ label: NextStep.Label) -> NextStep { NextStep(issuer.reference(path), label) }

    /// Leads to the account page, which asks the user to sign in.
    var signIn: NextStep { step(.account, .signIn) }

    private static func texts(_ topic: String) -> [String: Page.Value] {
        ["title": .text("text.\(topic)_title"), "lead": .text("text.\(topic)_lead")]
    }
}

/// A page behind a link in an email.
protocol LinkEndpoint: PageEndpoint {
    var pages: LinkPages { get }
    /// The next step from an invalid link. Defaults to sign-in.
    var instead: NextStep { get }
}

extension LinkEndpoint {
    var formToken: FormToken { pages.formToken }
    var instead: NextStep { pages.signIn }

    /// Shows the same page for every invalid link.
    func response(to error: OAuthError) -> Response {
        guard error.status == .gone else { return .page(error) }
        var response = pages.done("link_lost", next: instead)
        response.status = .gone
        return response
    }
}
