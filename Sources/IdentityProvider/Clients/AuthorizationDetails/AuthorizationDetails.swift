package import JOSE

/// An element of `authorization_details` (RFC 9396 §2) that fits the declaration of its type.
package struct AuthorizationDetail: Sendable, Hashable {
    package let type: String
    /// Everything besides `type`.
    let members: JSONObject

    var json: JSON {
        var object: JSONObject = ["type": .string(type)]
        object.merge(members)
        return .object(object)
    }
}

/// The `authorization_details` of a request or a token (RFC 9396 §2). Never empty. `ResourceCatalog` makes them from
/// requests.
package struct AuthorizationDetails: Sendable, Hashable {
    package let items: [AuthorizationDetail]

    static let maximumCount = 10
    /// In bytes, without white space. More would not fit into the URLs of the sign-in pages and of the response.
    static let maximumSize = 3_072
    /// That of the array and the deepest schema, whose arrays and objects may be empty.
    static let maximumDepth = DetailSchema.maximumDepth + 1

    /// Returns `nil` for no items.
    init?(_ items: [AuthorizationDetail]) {
        guard !items.isEmpty else { return nil }
        self.items = items
    }

    /// Reads what `json` returns, from a token or a store, without a check. Returns `nil` for anything else.
    init?(reading json: JSON?) {
        guard let array = json?.array else { return nil }
        let items = array.compactMap { item -> AuthorizationDetail? in
            guard var members = item.object, let type = members["type"]?.string else { return nil }
            members["type"] = nil
            return AuthorizationDetail(type: type, members: members)
        }
        guard items.count == array.count else { return nil }
        self.init(items)
    }

    package var json: JSON { .array(items.map(\.json)) }

    var types: [String] { Scope(items.map(\.type)).values }
}

/// Stored as the text of the array.
extension AuthorizationDetails: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let details = Self(reading: try JSON(parsing: Array(container.decode(String.self).utf8))) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not authorization details")
        }
        self = details
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(decoding: json.serialized(), as: UTF8.self))
    }
}
