package import FoundationEssentials

/// An item that waits in a table until a node has sent it.
package protocol OutboxItem: Sendable {
    var id: Identifier<Self> { get }
    /// The number of attempts begun. Also the fencing token: each lease increments it, and only the node that
    /// incremented it last may postpone or remove the item.
    var attempts: Int { get set }
    /// When the item may be sent; during an attempt, when the lease ends.
    var dueAt: Date { get set }
    /// When the item is no longer useful.
    var expiresAt: Date { get }
}

/// A durable queue of outgoing items, shared by all nodes.
package protocol Outbox<Item>: Sendable {
    associatedtype Item: OutboxItem

    /// Returns items that may be sent now, longest due first: those for `destination`, or all if it is `nil`.
    func due(to destination: String?, at now: Date, limit: Int) async throws -> [Item]
    /// Leases an item that `due` returned. Of concurrent calls for one item, on any number of nodes, exactly one
    /// returns it. The item is due again when the lease ends.
    func lease(_ item: Item, until end: Date, at now: Date) async throws -> Item?
    /// Makes a leased item due at `moment`, unless another node has leased it since.
    func postpone(_ item: Item, until moment: Date) async throws
    /// Removes a leased item, unless another node has leased it since.
    func remove(_ item: Item) async throws
    /// Returns the number of items that wait and are still useful. Items due for the first time later don't count.
    func depth(at now: Date) async throws -> Int
}

extension Outbox {
    /// This outbox as a plain `Outbox`. The compiler doesn't convert a refined
    /// `any MailOutbox` to `any Outbox<WaitingMail>`.
    var queue: any Outbox<Item> { self }

    package func due(at now: Date, limit: Int) async throws -> [Item] {
        try await due(to: nil, at: now, limit: limit)
    }
}
