package import FoundationEssentials

package protocol AuditStore: Sendable {
    /// Appends `entries` to a chain and replaces its head, in one transaction. Entries already stored, because a
    /// response was lost, are skipped; throws if a different record has the place of one. Also queues the webhook
    /// deliveries of each entry, and its signal for every stream that covers it, keyed by its sequence number.
    func append(
        _ entries: [AuditEntry], head: AuditHead, deliveries: [Int: [WebhookDelivery]], signals: [Int: SealedSignal]
    ) async throws
    /// Returns the heads of the chains whose last record is later than `moment`, latest first.
    func heads(after moment: Date, limit: Int) async throws -> [AuditHead]
    /// Returns matching entries by time, in the query's direction, and for the same time by node and sequence.
    func find(_ query: AuditQuery) async throws -> [AuditEntry]
    /// Returns the traces of records that begin with `prefix`, in order.
    func traces(beginningWith prefix: String, limit: Int) async throws -> [String]
    /// Passes a consistent snapshot to `body`: all heads, and a function that visits all records by node and sequence.
    func survey<Result: Sendable>(
        _ body: @escaping @Sendable ([AuditHead], ((AuditRow) throws -> Void) throws -> Void) throws -> Result
    ) async throws -> Result
    /// Returns the chains whose first record is from before `moment`, oldest first. The time is
    /// that of the unverified column.
    func chains(withRecordsUntil moment: Date, limit: Int) async throws -> [Identifier<AuditNode>]
    func head(of node: Identifier<AuditNode>) async throws -> AuditHead?
    /// Returns the records of a chain after `sequence`, in order.
    func records(of node: Identifier<AuditNode>, after sequence: Int, limit: Int) async throws -> [AuditRow]
    /// Removes the records of a chain up to `removal.through`, and stores `removal` as proof.
    func remove(_ removal: AuditRemoval, from node: Identifier<AuditNode>) async throws
    /// Returns the heads of chains that, according to unverified columns, have no records
    /// left and ended before `moment`.
    func heads(endedBefore moment: Date, limit: Int) async throws -> [AuditHead]
    /// Deletes the head of a chain that has no records left.
    func forget(_ head: AuditHead) async throws
}

extension AuditStore {
    package func append(
        _ entries: [AuditEntry], head: AuditHead, deliveries: [Int: [WebhookDelivery]]
    ) async throws {
        try await append(entries, head: head, deliveries: deliveries, signals: [:])
    }
}

/// A record as stored, not yet verified.
package struct AuditRow: Sendable {
    package let node: Identifier<AuditNode>
    package let sequence: Int
    package let document: String
    package let mac: [UInt8]
    /// The search columns, which may contradict `document`.
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

/// The part of a record that queries can search.
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

/// A search in the audit log. Properties that are `nil` match everything.
package struct AuditQuery: Sendable {
    package var user: String?
    package var client: String?
    /// The names of the events to include; all if empty.
    package var events: Set<String> = []
    package var trace: String?
    package var since: Date?
    package var until: Date?
    /// The last entry of the previous page; results start after it.
    package var after: AuditEntry?
    /// Latest first instead of oldest first.
    package var isLatestFirst = false
    package var limit = 100

    package init() {}
}
