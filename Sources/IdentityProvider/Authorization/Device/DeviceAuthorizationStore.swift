package import FoundationEssentials

/// A device's request and its answer, as they are stored.
package struct DeviceAuthorization: Sendable, Hashable {
    /// A digest of the device code.
    package let id: String
    /// A digest of the user code.
    package let userCode: String
    package let sealedRequest: [UInt8]
    /// `nil` until the user answers.
    package let sealedAnswer: [UInt8]?
    /// The time between polls, in seconds. Polling faster lengthens it.
    package let interval: Int
    package let expiresAt: Date

    package init(
        id: String, userCode: String, sealedRequest: [UInt8], sealedAnswer: [UInt8]? = nil, interval: Int,
        expiresAt: Date
    ) {
        self.id = id
        self.userCode = userCode
        self.sealedRequest = sealedRequest
        self.sealedAnswer = sealedAnswer
        self.interval = interval
        self.expiresAt = expiresAt
    }
}

package protocol DeviceAuthorizationStore: Sendable {
    /// Returns `false` if one of the codes is taken.
    func add(_ authorization: DeviceAuthorization) async throws -> Bool
    func find(_ id: String) async throws -> DeviceAuthorization?
    func find(userCode: String) async throws -> DeviceAuthorization?
    /// Stores the answer to a request that has none and hasn't expired. Of all concurrent calls for an identifier, across
    /// all nodes, exactly one returns `true`.
    func answer(_ id: String, with sealed: [UInt8], at now: Date) async throws -> Bool
    /// Records a poll. Returns `false` if the interval since the last recorded poll, on any node, isn't over. It is then
    /// `penalty` seconds longer, up to `longest`. `slack` seconds too early is early enough.
    func poll(
        _ id: String, at now: Date, slack: TimeInterval, penalty: Int, longest: Int
    ) async throws -> Bool
}
