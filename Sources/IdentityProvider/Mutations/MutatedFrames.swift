import HTTPTypes

/// Faults of front-channel logout and session management.
extension Mutation {
    func changeFrames(_ response: Response) -> Response {
        guard case .page(var page) = response.body, case .list(let frames)? = page.data["frames"] else {
            return response
        }
        switch self {
        case .frameWithoutSession: page.data["frames"] = .list(frames.map(Self.withoutSession))
        case .frameForbidden: page.frameSources = []
        case .frameMissing: page.data["frames"] = nil
        default: return response
        }
        return Response(status: response.status, headers: response.headers, body: .page(page))
    }

    private static func withoutSession(_ frame: Page.Value) -> Page.Value {
        guard case .object(var values) = frame, case .text(let uri)? = values["uri"] else { return frame }
        let pairs = uri.split(separator: "?", maxSplits: 1).last?.split(separator: "&") ?? []
        let kept = pairs.filter { !$0.hasPrefix("iss=") && !$0.hasPrefix("sid=") }.joined(separator: "&")
        values["uri"] = .text("\(uri.prefix { $0 != "?" })?\(kept)")
        values["start"] = ""
        return .object(values)
    }

    func changeBrowserState(_ response: Response) -> Response {
        var response = response
        if self == .browserStateKept {
            let kept = response.headers[values: .setCookie].filter { !$0.contains("martlet-state=") }
            response.headers[values: .setCookie] = kept
        }
        return response
    }

    func changeSessionFrame(_ response: Response) -> Response {
        var response = response
        if self == .sessionFrameForAnyone {
            response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors *"
        }
        return response
    }
}
