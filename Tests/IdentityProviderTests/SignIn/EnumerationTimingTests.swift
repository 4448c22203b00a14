import Authenticators
import FoundationEssentials
import HTTPTypes
import IdentityProvider
import JOSE
import TestSupport
import Testing

/// Response times for known and unknown usernames.
private struct Timings: CustomStringConvertible {
    var known: [Duration] = []
    var unknown: [Duration] = []

    /// The probability that a response for an unknown name takes longer than one for a known name: the area under the
    /// curve, i.e. the Mann–Whitney U over the number of pairs. It is based on ranks, so outliers have little effect.
    var probability: Double {
        let pairs = Double(known.count * unknown.count)
        return known.reduce(0.0) { sum, known in
            sum + unknown.reduce(0.0) { $0 + ($1 > known ? 1 : $1 == known ? 0.5 : 0) }
        } / pairs
    }

    var description: String {
        let medians = [known, unknown].map { $0.sorted()[$0.count / 2] }
        return "\(probability); median \(medians[0]) for known, \(medians[1]) for unknown"
    }

    /// Measures 200 of each kind in random order, so that load on the machine affects both alike.
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
    /// For 200 of each kind with equal times, the standard error is √((200 + 200 + 1) / (12 · 200 · 200)) ≈ 0.029. The
    /// range spans five of them either way, so a false alarm occurs about once in two million runs.
    static let alike = 0.355...0.645
}

@Suite("Neither responses nor their timing reveal who has an account", .serialized)
struct EnumerationTimingTests {
    /// A few milliseconds, most of the time of a sign-in.
    private static let cost = Argon2Parameters(memory: 16_384, iterations: 1)

    /// An issuer with 200 users, which hashes at `cost`; the users' stored hashes were made at `stored`.
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

    /// The page's text in a fixed order, with tokens masked because they differ each time.
    private func words(of value: Page.Value) -> String {
        switch value {
        case .text(let text): text.replacing(#/[A-Za-z0-9_.~-]{40,}/#, with: "TOKEN")
        case .flag(let flag): "\(flag)"
        case .time(let moment, let form): "\(moment) \(form)"
        case .translated(let texts, let otherwise): "\(texts.sorted { $0.key < $1.key }) \(otherwise)"
        case .list(let values): "[\(values.map(words).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\($0.key): \(words(of: $0.value))" }.joined(separator: ", "))}"
        }
    }

    @Test("a password sign-in at the API doesn't reveal the account")
    func login() async throws {
        let (timings, answers) = try await api(issuer())
        #expect(Timings.alike.contains(timings.probability), "\(timings)")
        for answer in answers {
            #expect(answer.status == .unauthorized)
            #expect(answer.headers == answers[0].headers)
            #expect(try answer.json() == answers[0].json())
        }
    }

    @Test("the measurement detects a leak if unknown users cost almost no hashing")
    func leak() async throws {
        // The issuer compares passwords of unknown users at a much lower cost than any stored hash.
        let free = Argon2Parameters(memory: 8, iterations: 1)
        let (timings, _) = try await api(issuer(free, stored: Self.cost))
        #expect(timings.probability < 0.2, "\(timings)")
    }

    @Test("a password sign-in on the page doesn't reveal the account")
    func page() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        var pages: [String] = []
        let timings = try await Timings.take { isKnown, number in
            // Otherwise the failures from one address would cause a wait.
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

    @Test("a password reset request doesn't reveal the account")
    func forgotPassword() async throws {
        let issuer = try await issuer()
        let browser = Browser(issuer)
        let form = try await browser.get("/forgot-password").page()
        var pages: [String] = []
        let timings = try await Timings.take { isKnown, number in
            // Stays below every limit.
            issuer.clock.advance(by: 60)
            var answer: Response?
            let time = try await ContinuousClock().measure {
                answer = try await browser.submitWithoutFollowing(form, [("username", name(isKnown, number))])
            }
            let page = try #require(try answer?.page())
            // The resend form repeats what was entered.
            let words = words(of: .object(page.data)).replacing(name(isKnown, number), with: "NAME")
            pages.append("\(answer?.status.code ?? 0) \(page.template) \(words)")
            return time
        }
        #expect(Timings.alike.contains(timings.probability), "\(timings)")
        #expect(Set(pages).count == 1, "\(pages.prefix(2))")
    }
}
