/// A way to show more than a password, on the page that asks for it or through the JSON API.
protocol SecondFactor: Sendable {
    var factor: Factor { get }
    func isEnrolled(_ user: User) async throws -> Bool
    /// What its part of the page needs besides the fields that all have.
    func describe(for user: User, in request: Request) async throws -> [String: Page.Value]
    /// The factor, if the form shows it. What can be used once is used up by this.
    func verify(_ request: Request, of user: User) async throws -> ShownFactor?

    /// The member of the JSON API that shows it.
    var answer: String { get }
    /// What the JSON API says to whoever must be asked first; `nil` where there is nothing to ask.
    func ask(_ user: User, _ challenge: FactorChallenge, in request: Request) async throws -> Response?
    /// As `verify`, of what answers `challenge`.
    func verify(_ request: Request, of user: User, answering challenge: FactorChallenge) async throws -> ShownFactor?
}

extension SecondFactor {
    func describe(for user: User, in request: Request) async throws -> [String: Page.Value] { [:] }

    var answer: String { "code" }
    func ask(_ user: User, _ challenge: FactorChallenge, in request: Request) async throws -> Response? { nil }
    func verify(_ request: Request, of user: User, answering challenge: FactorChallenge) async throws -> ShownFactor? {
        try await verify(request, of: user)
    }
}
