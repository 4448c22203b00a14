/// A request to a provider.
package struct WebRequest: Sendable {
    package var method: String
    package var address: WebAddress
    package var headers: [Parameter]
    package var body: String?
    /// Whether a page of another site sends it, which limits the cookies that are included.
    package var isCrossSite = false
    /// The certificate to present if the server asks for one.
    package var certificate: ClientCertificate?
    /// The TLS parameters to offer instead of the usual ones.
    package var offer: TLSOffer?

    package init(_ method: String = "GET", _ address: WebAddress, headers: [Parameter] = [], body: String? = nil) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }

    package static func form(_ parameters: [Parameter], to address: WebAddress, headers: [Parameter] = []) -> WebRequest
    {
        WebRequest(
            "POST", address, headers: headers + [Parameter("Content-Type", "application/x-www-form-urlencoded")],
            body: FormEncoding.encode(parameters))
    }
}

/// A response of a provider.
package struct WebAnswer: Sendable {
    package let status: Int
    package let headers: [Parameter]
    package let body: [UInt8]

    package init(status: Int, headers: [Parameter] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package func header(_ name: String) -> String? { all(name).first }

    package func all(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
    package var json: JSON? { JSON(parsing: body) }

    /// The media type in lowercase, without parameters.
    package var mediaType: String {
        (header("Content-Type") ?? "").prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    }

    package var isRedirect: Bool { (300..<400).contains(status) && header("Location") != nil }
}
