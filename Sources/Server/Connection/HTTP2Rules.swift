import NIOHPACK

/// Rejects malformed requests that the HTTP/2 parser accepts (RFC 9113 §8.2.1, §8.3.1).
enum HTTP2Rules {
    /// Returns the head, always with `:authority`, or `nil` if it is malformed.
    static func check(_ head: HPACKHeaders) -> HPACKHeaders? {
        guard valuesAreTrimmed(head), let authority = authority(of: head), let path = head.first(name: ":path"),
            HTTP1Rules.isText(path), path.hasPrefix("/") || path == "*" && head.first(name: ":method") == "OPTIONS"
        else { return nil }
        guard head.first(name: ":authority") == nil else { return head }
        var checked: HPACKHeaders = [":authority": authority]
        checked.add(contentsOf: head)
        return checked
    }

    /// Returns whether no field value has a space or tab at either end (RFC 9113 §8.2.1).
    static func valuesAreTrimmed(_ fields: HPACKHeaders) -> Bool {
        fields.allSatisfy { field in !isBlank(field.value.utf8.first) && !isBlank(field.value.utf8.last) }
    }

    private static func isBlank(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Returns `:authority` or `Host`, which must be present and must not contradict each other (RFC 9113 §8.3.1).
    private static func authority(of head: HPACKHeaders) -> String? {
        let names = Set((head[":authority"] + head["host"]).map { $0.lowercased() })
        guard names.count == 1, let name = names.first, !name.isEmpty, HTTP1Rules.isHost(name),
            head["host"].count <= 1
        else { return nil }
        return name
    }
}
