/// What a program does with the storage.
package enum StorageAccess: Sendable, Hashable {
    /// Reads. Creates and changes nothing.
    case reading
    /// Reads, and records that in the audit log. Creates nothing.
    case recordedReading
    /// Changes an existing installation. Creates neither a database nor a schema nor the keys of a new issuer.
    case changing
    /// Creates what is missing.
    case creating
}
