package import FoundationEssentials

/// Something that waits in a table until a node has sent it.
package protocol OutboxItem: Sendable {
    var id: Identifier<Self> { get }
    /// Times that a node began to send it. It is the fencing number: each lease raises it, and only the node that raised
    /// it last may postpone or remove the item.
    var attempts: Int { get set }
    /// When it may be tried; during an attempt, when the lease ends.
    var dueAt: Date { get set }
    /// When it is no longer of use.
    var expiresAt: Date { get }
}

/// A durable queue of outgoing items, shared by all nodes.
package protocol Outbox<Item>: Sendable {
    associatedtype Item: OutboxItem

    /// Items that may be tried now, the longest due first: those for `destination`, or all if it is `nil`.
    func due(to destination: String?, at now: Date, limit: Int) async throws -> [Item]
    /// Leases an item that `due` returned. Of all calls with one item exactly one returns it, however many run at once and
    /// on however many nodes. An item is due again when its lease ends.
    func lease(_ item: Item, until end: Date, at now: Date) async throws -> Item?
    /// Makes a leased item due at `moment`, unless another node has leased it since.
    func postpone(_ item: Item, until moment: Date) async throws
    /// Removes a leased item, unless another node has leased it since.
    func remove(_ item: Item) async throws
    /// The number of items that wait and are still of use. Items due for the first time later don't count.
    func depth(at now: Date) async throws -> Int
}

extension Outbox {
    /// The queue alone. The compiler doesn't convert a refined `any MailOutbox` to `any Outbox<WaitingMail>` by itself.
    var queue: any Outbox<Item> { self }

    package func due(at now: Date, limit: Int) async throws -> [Item] {
        try await due(to: nil, at: now, limit: limit)
    }
}
