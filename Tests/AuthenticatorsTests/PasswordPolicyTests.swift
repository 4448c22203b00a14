import Authenticators
import Testing

@Suite("NIST SP 800-63B-4 §3.1.1.2: the password policy")
struct PasswordPolicyTests {
    private func refusal(_ password: String) -> PasswordRefusal? {
        do throws(PasswordRefusal) {
            try PasswordPolicy.check(password, names: ["alice@example.com", "Alice-Liddell", "Front Door"])
            return nil
        } catch { return error }
    }

    @Test(
        "a password has 8 to 256 code points, of any kind",
        arguments: [
            ("", .tooShort), ("hv7-kqz", .tooShort), ("hv7-kqzy", nil), ("        ", nil), ("🐇🐇🐇🐇🐇🐇🐇", .tooShort),
            ("🐇🐇🐇🐇🐇🐇🐇🐇", nil), ("пароль-и-слон", nil), ("down the rabbit hole", nil),
            (String(repeating: "long", count: 64), nil), (String(repeating: "long", count: 64) + "!", .tooLong),
        ] as [(String, PasswordRefusal?)])
    func length(_ password: String, expected: PasswordRefusal?) { #expect(refusal(password) == expected) }

    @Test(
        "common passwords are refused, whatever the case of their letters",
        arguments: ["password", "PASSWORD", "12345678", "QwertyUiop", "trustno1", "!qaz2wsx", "zxcvbnm1"])
    func common(_ password: String) { #expect(refusal(password) == .common) }

    @Test(
        "the user's name and address and the site's name are refused",
        arguments: ["alice@example.com", "ALICE-LIDDELL", "front door"])
    func known(_ password: String) { #expect(refusal(password) == .known) }

    @Test("the comment at the top of the list is not treated as a password")
    func note() { #expect(refusal("# MIT License") == nil) }
}
