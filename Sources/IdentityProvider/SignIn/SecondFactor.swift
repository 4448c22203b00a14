/// A way to show more than a password, on the page that asks for it.
protocol SecondFactor: Sendable {
    var factor: Factor { get }
    func isEnrolled(_ user: User) async throws -> Bool
    /// What its part of the page needs besides the fields that all have.
    func describe(for user: User, in request: Request) async throws -> [String: Page.Value]
    /// The factor, if the form shows it. What can be used once is used up by this.
    func verify(_ request: Request, of user: User) async throws -> ShownFactor?
}

extension SecondFactor {
    func describe(for user: User, in request: Request) async throws -> [String: Page.Value] { [:] }
}
