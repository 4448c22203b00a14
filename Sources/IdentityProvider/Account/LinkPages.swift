import FoundationEssentials
import HTTPTypes

/// What the pages behind links in mails share. Mail scanners follow links, so `GET` only shows: what a link does is done by
/// the button.
struct LinkPages: Sendable {
    let issuer: Issuer
    let browser: BrowserCookie
    let formToken: FormToken

    init(_ core: Core) {
        issuer = core.issuer
        browser = BrowserCookie(of: core.issuer)
        formToken = FormToken(core)
    }

    /// A page with a form that comes back to `path`, bound to the browser.
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

    /// A page with a button that does what the link is for: `text.TOPIC_title`, `_lead`, `_action`.
    func question(_ topic: String, at path: Path, _ request: Request, _ data: [String: Page.Value] = [:]) -> Response {
        var data = data.merging(Self.texts(topic)) { own, _ in own }
        data["button"] = .text("text.\(topic)_action")
        return form("link", at: path, request, data)
    }

    /// A page that says what was done: `text.TOPIC_title`, `_lead`. `continue_uri` leads on, or else `next`, or else the
    /// account page.
    func done(
        _ topic: String, _ data: [String: Page.Value] = [:], next: NextStep? = nil, on signIn: PageSetting? = nil
    ) -> Response {
        var page = Page("done", data: data.merging(Self.texts(topic)) { own, _ in own })
        page.data["next"] = next?.data
        if let signIn { page.show(signIn) }
        return .page(page)
    }

    /// A page that says where an email went. Its button sends `fields` to `path` once more, as the form before did: within
    /// the same limits, and with the same answer whoever is asked for.
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

    /// Leads to a page of ours.
    func step(_ path: Path, _ label: NextStep.Label) -> NextStep { NextStep(issuer.reference(path), label) }

    /// Leads through the sign-in to the account.
    var signIn: NextStep { step(.account, .signIn) }

    private static func texts(_ topic: String) -> [String: Page.Value] {
        ["title": .text("text.\(topic)_title"), "lead": .text("text.\(topic)_lead")]
    }
}

/// A page behind a link in a mail.
protocol LinkEndpoint: PageEndpoint {
    var pages: LinkPages { get }
    /// Where someone goes whose link opens nothing: by default to the sign-in.
    var instead: NextStep { get }
}

extension LinkEndpoint {
    var formToken: FormToken { pages.formToken }
    var instead: NextStep { pages.signIn }

    /// One answer to every link that opens nothing.
    func response(to error: OAuthError) -> Response {
        guard error.status == .gone else { return .page(error) }
        var response = pages.done("link_lost", next: instead)
        response.status = .gone
        return response
    }
}
