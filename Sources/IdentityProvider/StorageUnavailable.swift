/// The storage cannot answer now: the request may be tried again later. Every other error of a store is a defect.
package protocol StorageUnavailable: Error {}
