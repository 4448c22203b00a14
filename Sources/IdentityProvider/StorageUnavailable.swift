/// The storage is temporarily unavailable, and the request can be retried. Any other error from a store is a bug.
package protocol StorageUnavailable: Error {}
