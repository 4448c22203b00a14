/// What was sent is not what an authenticator and a browser made of our challenge. For the log, never for the sender.
package struct WebAuthnRefusal: Error, Hashable {
    /// The check of WebAuthn L3 that failed: `7.1-14` is step 14 of §7.1.
    package let step: String
    package let reason: String

    init(_ step: String, _ reason: String) {
        self.step = step
        self.reason = reason
    }
}
