import Foundation

/// The move of the receiver to a free port, so that several runs can go on at once.
package struct ReceiverMove: Sendable {
    private let former: String
    private let current: String

    /// Changes the address in the target. `nil` if the target has no receiver.
    package init?(of target: inout Target, to receiver: Receiver) {
        guard let address = target.receiver else { return nil }
        former = address.url
        current = "http://127.0.0.1:\(receiver.port)"
        target.receiver = ReceiverAddress(url: current, port: receiver.port)
    }

    /// Returns the path of a copy of the resource file with the new address.
    func copy(_ resources: String, to folder: URL) throws -> String {
        let copy = folder.appending(path: "resources.yaml")
        let text = try String(contentsOf: URL(filePath: resources), encoding: .utf8)
        try text.replacing(former, with: current).write(to: copy, atomically: true, encoding: .utf8)
        return copy.path(percentEncoded: false)
    }
}
