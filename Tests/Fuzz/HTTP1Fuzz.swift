import NIOCore
import NIOEmbedded
import NIOHTTP1
@testable import Server

/// Requests from a socket: the parser, and the rules for what it accepts (RFC 9112 §11.2).
enum HTTP1Fuzz {
    static func check(_ input: [UInt8]) {
        for head in heads(input) {
            guard let checked = HTTP1Rules.check(head) else { continue }
            checkHead(checked)
            require(HTTP1Rules.check(checked) == checked, "checking is idempotent")
            let again = heads(wire(checked))
            require(again.count == 1, "another parser sees one request")
            require(
                again[0].uri == checked.uri && again[0].method == checked.method, "another parser sees the same target")
            require(
                again[0].headers.map(\.name) == checked.headers.map(\.name), "so are the fields")
        }
    }

    private static func checkHead(_ head: HTTPRequestHead) {
        require([.http1_0, .http1_1].contains(head.version), "the version is known")
        require(head.headers["Host"].count == 1, "exactly one host")
        let (lengths, codings) = (head.headers["Content-Length"], head.headers["Transfer-Encoding"])
        require(lengths.count + codings.count <= 1, "the length is given in one way only (RFC 9112 §6.3)")
        require(head.uri.hasPrefix("/") || head.uri == "*", "the target is a path")
        require(head.uri.utf8.allSatisfy { 0x21...0x7E ~= $0 }, "the target is visible ASCII")
        for (name, value) in head.headers {
            require(!name.isEmpty && name.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x3A }, "a name is a token")
            require(!value.utf8.contains { [0x00, 0x0A, 0x0D].contains($0) }, "a value has no line end")
        }
    }

    private static func heads(_ input: [UInt8]) -> [HTTPRequestHead] {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        _ = try? channel.writeInbound(ByteBuffer(bytes: input))
        var heads: [HTTPRequestHead] = []
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            if case .head(let head) = part { heads.append(head) }
        }
        return heads
    }

    private static func wire(_ head: HTTPRequestHead) -> [UInt8] {
        var text = "\(head.method.rawValue) \(head.uri) HTTP/\(head.version.major).\(head.version.minor)\r\n"
        for (name, value) in head.headers { text += "\(name): \(value)\r\n" }
        return Array("\(text)\r\n".utf8)
    }
}
