import Authenticators
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

/// Times of answers about two kinds of people, taken in turn.
private struct Timings: CustomStringConvertible {
    var known: [Duration] = []
    var unknown: [Duration] = []

    /// How probable it is that an answer about somebody unknown takes longer than one about somebody known: the area
    /// under the curve, which is Mann and Whitney's U over the number of pairs. It looks at ranks, so that a few answers
    /// that the machine held up say nothing.
    var probability: Double {
        let pairs = Double(known.count * unknown.count)
        return known.reduce(0.0) { sum, known in
            sum + unknown.reduce(0.0) { $0 + ($1 > known ? 1 : $1 == known ? 0.5 : 0) }
        } / pairs
    }

    var description: String {
        let medians = [known, unknown].map { $0.sorted()[$0.count / 2] }
        return "\(probability); in the middle \(medians[0]) for the known, \(medians[1]) for the unknown"
    }

    /// Asks about 200 of each in random order: what changes on the machine meanwhile changes both alike.
    static func take(_ ask: (_ isKnown: Bool, _ number: Int) async throws -> Duration) async throws -> Timings {
        let order = [true, false].flatMap { isKnown in (0..<Self.tries).map { (isKnown, $0) } }.shuffled()
        var timings = Timings()
        for (isKnown, number) in order {
            let time = try await ask(isKnown, number)
            if isKnown { timings.known.append(time) } else { timings.unknown.append(time) }
        }
        return timings
    }

    static let tries = 200
    /// With 200 of each the standard error of the probability is √((200 + 200 + 1) / (12 · 200 · 200)) ≈ 0.029 when both
    /// take the same: this is five of them either way, missed by chance once in some two million runs.
    static let alike = 0.355...0.645
}

@Suite("Neither answers nor their times tell who has an account", .serialized)
struct EnumerationTimingTests {
    /// Some milliseconds, most of what a sign-in takes.
    private static let cost = Argon2Parameters(memory: 16_384, iterations: 1)

    /// An issuer with 200 people. `cost` is what it hashes with, `stored` what their passwords were hashed with.
    private func issuer(_ cost: Argon2Parameters = cost, stored: Argon2Parameters = cost) async throws -> TestIssuer {
        let hash = try PasswordHash(of: "correct horse", parameters: stored).text
        let users = (0..<Timings.tries).map { number in
            #"{"username": "\#(name(true, number))", "password_hash": "\#(hash)", "email": "known-\#(number)@a.example"}"#
        }
        let clients = """
            {"client_id": "web", "client_secret": "web-secret-web-secret-web-secret-1",
             "redirect_uris": ["https://shop.example/callback"]}
            """
        return try await TestIssuer(
            resources: #"{"users": [\#(users.joined(separator: ","))], "clients": [\#(clients)]}"#,
            mailbox: TestMailbox(), passwordCost: cost)
    }

    private func name(_ isKnown: Bool, _ number: Int) -> String { "\(isKnown ? "known" : "other")-\(number)" }

    private func api(_ issuer: TestIssuer) async throws -> (timings: Timings, answers: [Response]) {
        var answers: [Response] = []
        let timings = try await Timings.take { isKnown, number in
            let body = #"{"username":"\#(name(isKnown, number))","password":"wrong horse"}"#
            let address = "198.51.\(isKnown ? 100 : 101).\(number)"
            return try await ContinuousClock().measure {
                answers.append(try await issuer.call(.post, "/api/auth/login", body, from: address))
            }
        }
        return (timings, answers)
    }

    /// What a page says, in one order, without the tokens in it, which are others each time.
    private func words(of value: Page.Value) -> String {
        switch value {
        case .text(let text): text.replacing(#/[A-Za-z0-9_.~-]{40,}/#, with: "TOKEN")
        case .flag(let flag): "\(flag)"
        case .translated(let texts, let otherwise): "\(texts.sorted { $0.key < $1.key }) \(otherwise)"
        case .list(let values): "[\(values.map(words).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\($0.key): \(words(of: $0.value))" }.joined(separator: ", "))}"
        }
    }

    @Test("the password at the API")
    func login() async throws {
        let (timings, answers) = try await api(issuer())
        #expect(Timings.alike.contains(timings.probability), "\(timings)")
        for answer in answers {
            #expect(answer.status == .unauthorized)
            #expect(answer.headers == answers[0].headers)
            #expect(try answer.json() == answers[0].json())
        }
    }

    @Test("the same comparison tells at once when unknown people cost no hash worth the name")
    func leak() async throws {
        // Nobody's password is hashed with what the issuer would compare strangers' with.
        let free = Argon2Parameters(memory: 8, iterations: 1)
        let (timings, _) = try await api(issuer(free, stored: Self.cost))
        #expect(timings.probability < 0.2, "\(timings)")
    }

    @Test("the password on the page")
    func page() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        var pages: [String] = []
        let timings = try await Timings.take { isKnown, number in
            // One address fails so often that it would have to wait.
            issuer.clock.advance(by: 900)
            let page = try await browser.get("/authorize", Browser.webRequest()).page()
            let fields = [("username", name(isKnown, number)), ("password", "wrong horse")]
            var answer: Response?
            let time = try await ContinuousClock().measure {
                answer = try await browser.submitWithoutFollowing(page, fields)
            }
            let shown = try #require(try answer?.page())
            #expect(answer?.status == .ok && shown.template == "sign-in" && shown.hasError("credentials"))
            #expect(answer?.headers[.setCookie] == nil)
            pages.append(words(of: .object(shown.data)).replacing(name(isKnown, number), with: "NAME"))
            return time
        }
        #expect(Timings.alike.contains(timings.probability), "\(timings)")
        #expect(Set(pages).count == 1, "\(Set(pages).prefix(2))")
    }

    @Test("the request for a new password")
    func forgotPassword() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        let form = try await browser.get("/forgot-password").page()
        var pages: [String] = []
        let timings = try await Timings.take { isKnown, number in
            // So that no limit is met.
            issuer.clock.advance(by: 60)
            var answer: Response?
            let time = try await ContinuousClock().measure {
                answer = try await browser.submitWithoutFollowing(form, [("username", name(isKnown, number))])
            }
            let page = try #require(try answer?.page())
            // The form that asks again repeats what was typed.
            let words = words(of: .object(page.data)).replacing(name(isKnown, number), with: "NAME")
            pages.append("\(answer?.status.code ?? 0) \(page.template) \(words)")
            return time
        }
        #expect(Timings.alike.contains(timings.probability), "\(timings)")
        #expect(Set(pages).count == 1, "\(pages.prefix(2))")
    }
}
