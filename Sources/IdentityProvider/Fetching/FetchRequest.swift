package import HTTPTypes

/// A request to another server.
package struct FetchRequest: Hashable, Sendable {
    package var method: HTTPRequest.Method
    package var url: String
    package var headers: HTTPFields
    package var body: [UInt8]

    package init(_ method: HTTPRequest.Method = .get, _ url: String, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// The response of another server.
package struct FetchResponse: Hashable, Sendable {
    package let status: Int
    package let headers: HTTPFields
    package let body: [UInt8]

    package init(status: Int, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
