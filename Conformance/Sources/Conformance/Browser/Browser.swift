import Foundation
import Synchronization

/// A scripted browser that keeps cookies, follows redirects, and fills in forms for a user. It runs no scripts, but
/// it submits the self-submitting forms of OAuth 2.0 Form Post Response Mode.
package final class Browser: Sendable {
    private let transport: Transport
    private let log: ExchangeLog
    private let habits: PageHabits
    /// The origins of the clients, where a visit ends.
    private let destinations: Set<String>
    private let cookies = Mutex(CookieJar())

    private static let redirectLimit = 20
    package static let pageLimit = 8

    package init(transport: Transport, log: ExchangeLog, habits: PageHabits, destinations: Set<String>) {
        self.transport = transport
        self.log = log
        self.habits = habits
        self.destinations = destinations
    }

    /// Follows `request` to its end. Without a person, stops at the first page that needs one; otherwise fills in at
    /// most `submissions` pages.
    package func visit(
        _ request: WebRequest, by person: Person?, submissions: Int = Browser.pageLimit
    ) async throws -> Arrival {
        var visited: [PageKind] = []
        var shown: [ShownPage] = []
        var place = try await follow(request, &shown)
        while let person, let page = place.shown, visited.count < submissions {
            guard let next = try await act(at: page, by: person) else { break }
            if next.kind == .signIn, visited.last == .signIn {
                throw Misbehaviour("the sign-in page was shown again after correct credentials")
            }
            visited.append(next.kind)
            place = try await follow(next.request, &shown)
        }
        guard visited.count < max(Self.pageLimit, submissions) || place.landing != nil else {
            throw Misbehaviour("the flow did not end after \(visited.count) pages")
        }
        return Arrival(place: place, visited: visited, shown: shown, exchange: log.latest)
    }

    package func visit(_ address: WebAddress, by person: Person?) async throws -> Arrival {
        try await visit(WebRequest("GET", address), by: person)
    }

    /// Sends a request with this browser's cookies. Follows no redirects.
    package func send(_ request: WebRequest) async throws -> WebAnswer {
        var request = request
        let isCrossSitePost = request.isCrossSite && request.method == "POST"
        if let field = cookies.withLock({ $0.field(for: request.address, isCrossSitePost: isCrossSitePost) }) {
            request.headers.append(Parameter("Cookie", field))
        }
        if request.headers["Accept"] == nil { request.headers["Accept"] = "text/html, */*;q=0.8" }
        let answer = try await transport.send(request, recording: log)
        cookies.withLock { $0.take(answer.all("Set-Cookie"), from: request.address) }
        return answer
    }

    /// Returns the value of a cookie, or `nil` if there is none or scripts can't read it.
    package func cookieForScripts(_ name: String, at address: WebAddress) -> String? {
        cookies.withLock { $0.valueForScripts(name, at: address) }
    }

    /// Follows redirects and pages that move on by themselves. Appends the pages to `shown`.
    private func follow(_ request: WebRequest, _ shown: inout [ShownPage]) async throws -> Arrival.Place {
        var request = request
        for _ in 0..<Self.redirectLimit {
            let answer = try await send(request)
            let next: WebAddress
            if answer.isRedirect, let location = answer.header("Location") {
                guard let address = request.address.resolving(location) else {
                    throw Misbehaviour("it redirects to an invalid URL: \(location.prefix(200))")
                }
                next = address
            } else {
                let page = ShownPage(address: request.address, answer: answer)
                shown.append(page)
                guard let address = page.refresh else { return place(of: page) }
                next = address
            }
            let keepsForm = [307, 308].contains(answer.status)
            if destinations.contains(next.origin) {
                let form = keepsForm ? FormEncoding.parse(request.body ?? "") : []
                return .landing(Landing(address: next, method: keepsForm ? request.method : "GET", form: form))
            }
            request = WebRequest(
                keepsForm ? request.method : "GET", next, headers: keepsForm ? request.headers : [],
                body: keepsForm ? request.body : nil)
            request.headers["Cookie"] = nil
        }
        throw Misbehaviour("more than \(Self.redirectLimit) redirects")
    }

    /// Returns the page, or the landing that its form leads to if the form is addressed to a client.
    private func place(of page: ShownPage) -> Arrival.Place {
        for form in page.forms where form.method == "POST" {
            guard let action = page.address.resolving(form.action), destinations.contains(action.origin) else {
                continue
            }
            let fields = form.fields.map { Parameter($0.name, $0.value) }
            return .landing(Landing(address: action, method: "POST", form: fields, formPage: page))
        }
        return .page(page)
    }

    /// Returns the request that `person` makes on `page`, or `nil` if there is nothing to submit.
    private func act(at page: ShownPage, by person: Person) async throws -> (kind: PageKind, request: WebRequest)? {
        if let recipe = habits.recipes?.first(where: { page.address.text.contains($0.page) }) {
            guard person.agrees else { throw NotConfigured(what: "a user who denies access: recipes can only agree") }
            return try await carryOut(recipe, at: page.address, by: person)
        }
        let now = Date().timeIntervalSince1970
        let known = page.forms.filter { $0.kind != .other }
        guard let form = known.first(where: { $0.kind == .signIn }) ?? known.first(where: { $0.method == "POST" }),
            let values = form.filled(by: person, habits, at: now), let action = page.address.resolving(form.action)
        else { return nil }
        let request =
            form.method == "POST" ? WebRequest.form(values, to: action) : WebRequest("GET", action.adding(values))
        return (form.kind, request)
    }

    private func carryOut(
        _ recipe: Recipe, at page: WebAddress, by person: Person
    ) async throws -> (kind: PageKind, request: WebRequest)? {
        for step in recipe.steps {
            guard let address = page.resolving(recipe.fill(step.address, at: page, as: person.account)) else {
                throw Misbehaviour("the recipe for \(recipe.page) has a step with an invalid address")
            }
            let body = step.json.map { recipe.fill($0, at: page, as: person.account) }
            let answer = try await send(
                WebRequest(
                    step.method, address, headers: body == nil ? [] : [Parameter("Content-Type", "application/json")],
                    body: body))
            guard (200..<300).contains(answer.status) else {
                throw Misbehaviour(
                    "\(step.method) \(address) in the recipe for \(recipe.page) returned \(answer.status)")
            }
        }
        guard let next = page.resolving(recipe.fill(recipe.then, at: page, as: person.account)) else {
            throw Misbehaviour("the recipe for \(recipe.page) has an invalid `then` address")
        }
        return (PageKind(rawValue: recipe.kind) ?? .other, WebRequest("GET", next))
    }
}
