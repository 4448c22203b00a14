/// The place where a browser stopped.
package struct Arrival: Sendable {
    package enum Place: Sendable {
        /// At the client.
        case landing(Landing)
        /// At a page of the provider.
        case page(ShownPage)

        var landing: Landing? { if case .landing(let landing) = self { landing } else { nil } }
        var shown: ShownPage? { if case .page(let page) = self { page } else { nil } }
    }

    package let place: Place
    /// The pages on the way that needed user interaction.
    package let visited: [PageKind]
    /// The pages of the provider that the browser showed on the way, also those from which it moved on by itself.
    package var shown: [ShownPage] = []
    /// The number of the last exchange.
    package let exchange: Int

    package init(place: Place, visited: [PageKind], shown: [ShownPage] = [], exchange: Int) {
        self.place = place
        self.visited = visited
        self.shown = shown
        self.exchange = exchange
    }

    package var landing: Landing? { place.landing }
    package var page: ShownPage? { place.shown }
}

/// What a page asks of the user.
package enum PageKind: String, Sendable {
    case signIn = "sign-in"
    case secondFactor = "second factor"
    case question
    case deviceCode = "device code"
    case accountChooser = "account chooser"
    case other
}

/// A client address that the provider sent the browser to. The browser does not fetch it.
package struct Landing: Sendable {
    package let address: WebAddress
    package let method: String
    /// The fields of the form posted to the address.
    package let form: [Parameter]
    /// The page that contained the form, if any.
    package let formPage: ShownPage?

    package init(address: WebAddress, method: String = "GET", form: [Parameter] = [], formPage: ShownPage? = nil) {
        self.address = address
        self.method = method
        self.form = form
        self.formPage = formPage
    }

    package var query: [Parameter] { FormEncoding.parse(address.query ?? "") }
    package var fragment: [Parameter] { FormEncoding.parse(address.fragment ?? "") }
}

/// A page of the provider that the browser stopped at.
package struct ShownPage: Sendable {
    package let address: WebAddress
    package let answer: WebAnswer
    package let forms: [HTMLForm]
    /// The addresses of its frames.
    package let frames: [WebAddress]

    package init(address: WebAddress, answer: WebAnswer) {
        self.address = address
        self.answer = answer
        forms = HTMLForm.all(in: answer.text)
        frames = HTMLPiece.scan(answer.text).compactMap { piece in
            guard case .open("iframe", let attributes) = piece else { return nil }
            // A document in `srcdoc` comes before `src`. It can lead to where the frame is meant to go.
            let document = attributes["srcdoc"].map {
                ShownPage(address: address, answer: WebAnswer(status: 200, body: Array($0.utf8)))
            }
            return document?.refresh ?? attributes["src"].flatMap(address.resolving)
        }
    }

    /// Where the browser moves on to by itself (HTML §7.4.5, shared declarative refresh steps).
    package var refresh: WebAddress? {
        let metas = HTMLPiece.scan(answer.text).compactMap { piece -> String? in
            guard case .open("meta", let attributes) = piece, attributes["http-equiv"]?.lowercased() == "refresh" else {
                return nil
            }
            return attributes["content"]
        }
        guard let content = answer.header("Refresh") ?? metas.first,
            let match = content.firstMatch(of: /^\s*\d+\s*[;,]\s*[Uu][Rr][Ll]\s*=\s*['"]?([^'"]+)/)
        else { return nil }
        return address.resolving(String(match.1))
    }
}
