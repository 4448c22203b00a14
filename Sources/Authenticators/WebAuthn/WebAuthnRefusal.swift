/// Why a response to our challenge was refused. For the log, never for the sender.
package struct WebAuthnRefusal: Error, Hashable {
    /// The step of WebAuthn L3 that failed: `7.1-14` is step 14 of §7.1.
    package let step: String
    package let reason: String

    init(_ step: String, _ reason: String) {
        self.step = step
        self.reason = reason
    }
}
