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
    /// The number of the last exchange.
    package let exchange: Int

    package var landing: Landing? { place.landing }
    package var page: ShownPage? { place.shown }
}

/// What a page asks of the user.
package enum PageKind: String, Sendable {
    case signIn = "sign-in"
    case secondFactor = "second factor"
    case question
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

    package init(address: WebAddress, answer: WebAnswer) {
        self.address = address
        self.answer = answer
        forms = HTMLForm.all(in: answer.text)
    }
}
