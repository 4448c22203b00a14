package import FoundationEssentials

package protocol AuditStore: Sendable {
    /// Keeps what follows in a chain, and its head, in one transaction. Entries that are kept already, because an answer
    /// got lost, are passed over; throws when another record stands in the place of one.
    /// With each entry its deliveries, by its number, are put into the queue for webhooks.
    func append(
        _ entries: [AuditEntry], head: AuditHead, deliveries: [Int: [WebhookDelivery]]
    ) async throws
    /// The heads of the chains whose last record is later than `moment`, the latest first.
    func heads(after moment: Date, limit: Int) async throws -> [AuditHead]
    /// By time, in the direction that the query says; of one time by node and sequence.
    func find(_ query: AuditQuery) async throws -> [AuditEntry]
    /// Shows everything as it is at one moment: all heads, and then a way through all records by node and sequence.
    func survey<Result: Sendable>(
        _ body: @escaping @Sendable ([AuditHead], ((AuditRow) throws -> Void) throws -> Void) throws -> Result
    ) async throws -> Result
    /// The chains whose first record is from before `moment`, as its column says, which is believed in nothing; the oldest
    /// first.
    func chains(withRecordsUntil moment: Date, limit: Int) async throws -> [Identifier<AuditNode>]
    /// The head of a chain.
    func head(of node: Identifier<AuditNode>) async throws -> AuditHead?
    /// The records of a chain after a place, in their order.
    func records(of node: Identifier<AuditNode>, after sequence: Int, limit: Int) async throws -> [AuditRow]
    /// Removes the records of a chain up to one of them, and keeps the proof that it was we who did it.
    func remove(_ removal: AuditRemoval, from node: Identifier<AuditNode>) async throws
    /// The heads of chains that, as the columns say, have no record left and ended before `moment`.
    func heads(endedBefore moment: Date, limit: Int) async throws -> [AuditHead]
    /// Forgets a chain that has no record left.
    func forget(_ head: AuditHead) async throws
}

/// A record as it stands in the table, believed in nothing.
package struct AuditRow: Sendable {
    package let node: Identifier<AuditNode>
    package let sequence: Int
    package let document: String
    package let mac: [UInt8]
    /// What the columns say that are searched by.
    package let columns: AuditColumns

    package init(
        node: Identifier<AuditNode>, sequence: Int, document: String, mac: [UInt8], columns: AuditColumns
    ) {
        self.node = node
        self.sequence = sequence
        self.document = document
        self.mac = mac
        self.columns = columns
    }
}

/// The part of a record that is searched by.
package struct AuditColumns: Sendable, Hashable {
    package let time: Date
    package let event: String
    package let user: String?
    package let client: String?
    package let trace: String?

    package init(time: Date, event: String, user: String?, client: String?, trace: String?) {
        self.time = time
        self.event = event
        self.user = user
        self.client = client
        self.trace = trace
    }

    package init(_ record: AuditRecord) {
        self.init(
            time: record.time, event: record.event, user: record.user, client: record.client, trace: record.trace)
    }
}

/// What somebody looks for in the log. What is `nil` is not asked for.
package struct AuditQuery: Sendable {
    package var user: String?
    package var client: String?
    /// Names; any of them. All when it is empty.
    package var events: Set<String> = []
    package var trace: String?
    package var since: Date?
    package var until: Date?
    /// The last entry that was seen: the next ones follow.
    package var after: AuditEntry?
    /// From the latest to the oldest instead of the other way round.
    package var isLatestFirst = false
    package var limit = 100

    package init() {}
}
