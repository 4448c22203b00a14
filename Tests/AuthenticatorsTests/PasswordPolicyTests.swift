import Authenticators
import Testing

@Suite("NIST SP 800-63B-4 §3.1.1.2: what a password may be")
struct PasswordPolicyTests {
    private func refusal(_ password: String) -> PasswordRefusal? {
        do throws(PasswordRefusal) {
            try PasswordPolicy.check(password, names: ["alice@example.com", "Alice-Liddell", "Front Door"])
            return nil
        } catch { return error }
    }

    @Test(
        "8 to 256 code points of all of Unicode, whatever their kind",
        arguments: [
            ("", .tooShort), ("hv7-kqz", .tooShort), ("hv7-kqzy", nil), ("        ", nil), ("🐇🐇🐇🐇🐇🐇🐇", .tooShort),
            ("🐇🐇🐇🐇🐇🐇🐇🐇", nil), ("пароль-и-слон", nil), ("down the rabbit hole", nil),
            (String(repeating: "long", count: 64), nil), (String(repeating: "long", count: 64) + "!", .tooLong),
        ] as [(String, PasswordRefusal?)])
    func length(_ password: String, expected: PasswordRefusal?) { #expect(refusal(password) == expected) }

    @Test(
        "what is guessed first is refused, in any case of its letters",
        arguments: ["password", "PASSWORD", "12345678", "QwertyUiop", "trustno1", "!qaz2wsx", "zxcvbnm1"])
    func common(_ password: String) { #expect(refusal(password) == .common) }

    @Test(
        "what everybody knows of the person and the site is refused",
        arguments: ["alice@example.com", "ALICE-LIDDELL", "front door"])
    func known(_ password: String) { #expect(refusal(password) == .known) }

    @Test("the note on where the list comes from is no password")
    func note() { #expect(refusal("# MIT License") == nil) }
}
