/// The user at the browser, and how they act.
package struct Person: Sendable {
    package var account: Account
    /// Whether they give consent and confirm.
    package var agrees = true
    /// The TOTP time step of the code they enter. Defaults to the current one.
    package var oneTimeStep: Int?
    /// The code of the device that they connect.
    package var userCode: String?

    package init(_ account: Account, agrees: Bool = true) {
        self.account = account
        self.agrees = agrees
    }
}

extension HTMLForm {
    /// The kind of page that has this form.
    var kind: PageKind {
        if password != nil { return .signIn }
        if userCodeField != nil { return .deviceCode }
        if oneTimeField != nil { return .secondFactor }
        guard !buttons.isEmpty, visible.isEmpty else { return .other }
        return otherAccount == nil ? .question : .accountChooser
    }

    /// The button for an account that is not listed.
    var otherAccount: Button? {
        buttons.first { $0.says(["another account", "other account", "different account", "add account"]) }
    }

    /// Returns the button for an account. Its label says more than the username, such as the user's name.
    func account(of username: String) -> Button? {
        let isListed = { (button: Button) in
            button.label.lowercased().split(whereSeparator: \.isWhitespace).contains { $0 == username.lowercased() }
        }
        return buttons.first(where: isListed)
    }

    var oneTimeField: Field? {
        visible.first { $0.autocomplete == "one-time-code" || ["code", "otp", "totp"].contains($0.name.lowercased()) }
    }

    /// The field for the code that a device shows (RFC 8628 §3.3).
    var userCodeField: Field? {
        visible.first { ["user_code", "user-code", "usercode"].contains($0.name.lowercased()) }
    }

    /// Returns the values that `person` submits, or `nil` if they lack what the form asks for.
    func filled(by person: Person, _ habits: PageHabits, at seconds: Double) -> [Parameter]? {
        var values = hidden.map { Parameter($0.name, $0.value) }
        switch kind {
        case .signIn:
            for field in visible where field.type != "password" { values[field.name] = field.value }
            let name = habits.usernameField ?? visible.first { $0.type != "password" }?.name
            if let name { values[name] = person.account.username }
            values[password?.name ?? "password"] = person.account.password
        case .secondFactor:
            guard let field = oneTimeField, let secret = person.account.totpSecret,
                let password = OneTimePassword(secret: secret)
            else { return nil }
            values[field.name] = password.code(step: person.oneTimeStep ?? OneTimePassword.step(at: seconds))
        case .deviceCode:
            guard let field = userCodeField, let code = person.userCode else { return nil }
            values[field.name] = code
        case .accountChooser:
            guard let button = account(of: person.account.username) ?? otherAccount, let name = button.name else {
                return nil
            }
            values[name] = button.value
            return values
        case .question, .other: break
        }
        guard let button = button(agreeing: person.agrees, habits) else { return kind == .question ? nil : values }
        if let name = button.name { values[name] = button.value }
        return values
    }

    /// Returns the button that agrees or denies. If no label says so, agreeing picks the first other button.
    private func button(agreeing: Bool, _ habits: PageHabits) -> Button? {
        if agreeing, let agree = habits.agree, let mark = agree.firstIndex(of: "=") {
            let (name, value) = (String(agree[..<mark]), String(agree[agree.index(after: mark)...]))
            if let button = buttons.first(where: { $0.name == name && $0.value == value }) { return button }
        }
        let refusing = buttons.filter { $0.says(Self.refusals) && !$0.says(Self.agreements) }
        guard agreeing else { return refusing.first }
        let others = buttons.filter { button in
            !refusing.contains { $0.value == button.value && $0.name == button.name }
        }
        return others.first { $0.says(Self.agreements) } ?? others.first
    }

    private static let agreements = [
        "allow", "accept", "approve", "agree", "grant", "authori", "confirm", "yes", "sign-out", "signout", "logout",
        "sign out", "log out", "continue",
    ]
    private static let refusals = ["deny", "refuse", "cancel", "reject", "decline", "stay", "no", "back"]
}

extension HTMLForm.Button {
    fileprivate func says(_ words: [String]) -> Bool {
        let texts = [value, label].map { $0.lowercased() }
        return texts.contains { text in
            words.contains { $0.count < 4 ? text.split(separator: " ").contains(Substring($0)) : text.contains($0) }
        }
    }
}
