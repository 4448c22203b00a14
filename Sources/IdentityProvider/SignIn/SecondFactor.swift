/// A factor that can follow the first, on a page or through the JSON API.
protocol SecondFactor: Sendable {
    var factor: Factor { get }
    func isEnrolled(_ user: User) async throws -> Bool
    /// Returns what the factor's section of the page needs beyond the common fields.
    func describe(for user: User, in request: Request) async throws -> [String: Page.Value]
    /// Returns the factor if the form proves it, otherwise `nil`. Consumes a credential that works only once.
    func verify(_ request: Request, of user: User) async throws -> ShownFactor?

    /// The JSON API member that carries the proof.
    var answer: String { get }
    /// Starts the factor in the JSON API, for example by sending a code. Returns `nil` if the factor needs no
    /// challenge.
    func ask(_ user: User, _ challenge: FactorChallenge, in request: Request) async throws -> Response?
    /// Verifies a response to `challenge`, like `verify(_:of:)`.
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
