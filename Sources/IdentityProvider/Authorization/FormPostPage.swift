/// The page that submits an authorization response to the client (OAuth 2.0 Form Post Response Mode §2).
enum FormPostPage {
    static func make(_ answer: [(name: String, value: String)], to redirect: VerifiedRedirect) -> Page {
        var page = Page(
            "form-post",
            data: [
                "action": .text(redirect.uri),
                "fields": .list(answer.map { .object(["name": .text($0.name), "value": .text($0.value)]) }),
            ], formTargets: [redirect.source])
        page.submitsItself = true
        return page
    }
}
