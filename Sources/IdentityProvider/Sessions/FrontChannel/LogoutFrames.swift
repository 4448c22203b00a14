/// Hidden frames that each sign the browser out of one client (OpenID Connect Front-Channel Logout §3).
struct LogoutFrames: Sendable {
    /// Registered URIs.
    let uris: [String]

    static let none = LogoutFrames(uris: [])

    /// More frames would make the page slow, and its policy too long for proxies.
    static let most = 20
    /// How long a page with frames waits for them, in seconds.
    private static let patience = 5

    var isEmpty: Bool { uris.isEmpty }

    /// Returns `page` with the frames. From it, the browser moves on to `next` by itself.
    func response(_ page: Page, then next: NextStep) -> Response {
        var page = page
        page.data["next"] = next.data
        return .page(page, movingOnTo: next.uri, after: Self.patience).loading(self)
    }

    fileprivate func add(to page: inout Page) {
        page.data["frames"] = .list(uris.map { ["uri": .text($0), "start": .text(Self.start(of: $0))] })
        page.frameSources = Array(Set(uris.compactMap(Origin.serialized))).sorted()
    }

    /// Returns a document that moves on to the URI. A frame starts with it, because `Refresh` waits until a page has
    /// loaded, and a page has not loaded before its frames have (HTML, shared declarative refresh steps). A client that
    /// never answers would keep the user on the page.
    private static func start(of uri: String) -> String {
        // The only character of a registered URI that means something in an attribute.
        let escaped = uri.split(separator: "&", omittingEmptySubsequences: false).joined(separator: "&amp;")
        return "<meta http-equiv=\"refresh\" content=\"1; url=\(escaped)\">"
    }
}

extension Response {
    /// Returns the page with the frames, whose origins its policy then permits.
    func loading(_ frames: LogoutFrames) -> Response {
        guard case .page(var page) = body, !frames.isEmpty else { return self }
        frames.add(to: &page)
        return Response(status: status, headers: headers, body: .page(page))
    }
}
