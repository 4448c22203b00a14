/// Where a browser came to rest.
package struct Arrival: Sendable {
    package enum Place: Sendable {
        /// At the application.
        case landing(Landing)
        /// At a page of the provider.
        case page(ShownPage)

        var landing: Landing? { if case .landing(let landing) = self { landing } else { nil } }
        var shown: ShownPage? { if case .page(let page) = self { page } else { nil } }
    }

    package let place: Place
    /// The pages that a person had to do something at on the way.
    package let visited: [PageKind]
    /// The number of the last exchange.
    package let exchange: Int

    package var landing: Landing? { place.landing }
    package var page: ShownPage? { place.shown }
}

package enum PageKind: String, Sendable {
    case signIn = "sign-in"
    case secondFactor = "second factor"
    case question
    case other
}

/// An address of the application to which the provider sent the browser; it is not fetched.
package struct Landing: Sendable {
    package let address: WebAddress
    package let method: String
    /// The fields of a form that was posted there.
    package let form: [Parameter]
    /// The page that had the form, when there was one.
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
