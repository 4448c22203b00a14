/// Admits a user to the approval page of the request whose code they entered. Sealed, and good only in the session that
/// entered it, so that nobody can send others there.
struct DeviceApproval: Codable, Sendable {
    /// `DeviceRequest.id`.
    let request: String
    let session: Identifier<Session>

    private enum CodingKeys: String, CodingKey { case request, session }
}
