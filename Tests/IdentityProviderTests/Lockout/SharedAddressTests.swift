import FoundationEssentials
import HTTPTypes
import JOSE
import TestSupport
import Testing

@testable import IdentityProvider

@Suite("Many users behind one address")
struct SharedAddressTests {
    private let front: FrontEnd
    private static let alice = (name: "alice", password: "correct horse")

    init() async throws { front = try await FrontEnd() }

    private func login(_ name: String, _ password: String) async throws -> Response {
        try await front.issuer.call(
            .post, "/api/auth/login", #"{"username":"\#(name)","password":"\#(password)"}"#, from: "203.0.113.9")
    }

    /// The required wait in seconds, or 0 if the attempt was checked.
    private func wait(_ answer: Response) throws -> TimeInterval {
        guard answer.status == .tooManyRequests else { return 0 }
        return TimeInterval(try #require(answer.headers[.retryAfter].flatMap { Int($0) }))
    }

    /// Submits a wrong password for each of the numbered names, waiting until each attempt is checked.
    private func fail(_ numbers: Range<Int>) async throws {
        for number in numbers {
            while case let seconds = try wait(await login("name-\(number)", "guess")), seconds > 0 {
                front.issuer.clock.advance(by: seconds)
            }
        }
    }

    @Test("after failures at the address, the right password for another account waits at most a minute")
    func minute() async throws {
        try await fail(0..<80)
        let seconds = try wait(await login(Self.alice.name, Self.alice.password))
        #expect((1...60).contains(seconds))
        front.issuer.clock.advance(by: seconds)
        #expect(try await login(Self.alice.name, Self.alice.password).status == .ok)
    }

    @Test("a successful sign-in offsets some of the address's failures, once a day per account")
    func successes() async throws {
        try await fail(0..<52)
        front.issuer.clock.advance(by: 60)
        #expect(try await login(Self.alice.name, Self.alice.password).status == .ok)
        try await fail(52..<53)
        #expect(try wait(await login("name-53", "guess")) == 0)
        try await fail(54..<56)
        front.issuer.clock.advance(by: 60)
        #expect(try await login(Self.alice.name, Self.alice.password).status == .ok)
        try await fail(56..<57)
        #expect(try wait(await login("name-57", "guess")) > 0)
    }

    @Test("signing in to one's own account doesn't buy guesses at others")
    func spraying() async throws {
        let end = front.issuer.clock.now.addingTimeInterval(3_600)
        var guesses = 0
        while front.issuer.clock.now < end {
            let seconds = try wait(await login("name-\(guesses)", "guess"))
            if seconds == 0 { guesses += 1 }
            _ = try await login(Self.alice.name, Self.alice.password)
            front.issuer.clock.advance(by: max(seconds, 1))
        }
        // Fifty without a wait, five for the sign-in, a few while the wait grows, and then one a minute.
        #expect(guesses < 130)
    }
}
