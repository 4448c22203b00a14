import Foundation
import Testing

@testable import Conformance

@Suite("The scripted browser: forms, cookies, addresses")
struct ConformancePageTests {
    @Test("a form is parsed as in a browser")
    func forms() throws {
        let html = """
            <!DOCTYPE html><!-- <form action="no"> --><script>document.write('<form action="no">')</script>
            <FORM Method=Post action='/go?a=1&amp;b=2'><input type=hidden name="h" value="&quot;&#60;&#x3e;&apos;">
            <input name=user value=x autocomplete="username"><input type="password" name="pw">
            <input type="checkbox" name="off" value="1"><input type="checkbox" name="on" value="1" checked>
            <button name="decision" value="deny">Refuse</button><button name="decision" value="allow">All<b>ow</b></button>
            <input type="submit" name="s" value="Send"></form><input name="outside">
            """
        let forms = HTMLForm.all(in: html)
        #expect(forms.count == 1)
        let form = try #require(forms.first)
        #expect(form.action == "/go?a=1&b=2")
        #expect(form.method == "POST")
        #expect(form.hidden.map(\.value) == ["\"<>'"])
        #expect(form.fields.map(\.name) == ["h", "user", "pw", "on"])
        #expect(form.buttons.map(\.label) == ["Refuse", "Allow", "Send"])
        #expect(form.kind == .signIn)
    }

    @Test(
        "broken markup yields no form, and parsing ends",
        arguments: [
            "<", "<form", "<form action=", "<form action=\"", "<input = = =>", "<!--", "<script>", "<a \"'<>",
            "&#xFFFFFFFF;&;&#;",
        ])
    func broken(_ html: String) {
        #expect(HTMLForm.all(in: html).allSatisfy { $0.fields.isEmpty && $0.buttons.isEmpty })
    }

    @Test(
        "the user agrees or refuses, whatever the buttons are called",
        arguments: [
            ("<button name=d value=deny>Refuse</button><button name=d value=allow>Allow</button>", "allow", "deny"),
            (
                "<button name=d value=stay>Stay signed in</button><button name=d value=sign-out>Sign out</button>",
                "sign-out", "stay"
            ),
            ("<input type=submit name=d value=Yes><input type=submit name=d value=No>", "Yes", "No"),
            ("<button name=d value=1>Cancel</button><button name=d value=2>Weiter</button>", "2", "1"),
        ])
    func answers(_ buttons: String, yes: String, no: String) throws {
        let form = try #require(HTMLForm.all(in: "<form method=post>\(buttons)</form>").first)
        #expect(form.kind == .question)
        let account = Account(username: "a", password: "b")
        let agreeing = form.filled(by: Person(account), PageHabits(), at: 0)
        #expect(agreeing?["d"] == yes)
        #expect(form.filled(by: Person(account, agrees: false), PageHabits(), at: 0)?["d"] == no)
    }

    @Test("the user fills in username, password and code")
    func filling() throws {
        let person = Person(Account(username: "alice", password: "secret", totpSecret: "JBSWY3DPEHPK3PXP"))
        let page =
            "<form method=post><input type=hidden name=t value=1><input name=login><input type=password name=pw></form>"
        let signIn = try #require(HTMLForm.all(in: page).first?.filled(by: person, PageHabits(), at: 0))
        #expect(signIn == [Parameter("t", "1"), Parameter("login", "alice"), Parameter("pw", "secret")])
        let code = try #require(HTMLForm.all(in: "<form method=post><input name=code></form>").first)
        #expect(code.kind == .secondFactor)
        #expect(code.filled(by: person, PageHabits(), at: 59)?["code"]?.count == 6)
        #expect(code.filled(by: Person(Account(username: "a", password: "b")), PageHabits(), at: 0) == nil)
    }

    @Test("RFC 6265: cookies are scoped, and cross-site posts carry only SameSite=None cookies")
    func cookies() {
        var jar = CookieJar()
        let home = WebAddress("https://id.example.com/a/b")
        jar.take(
            [
                "a=1; Path=/; HttpOnly; SameSite=Lax", "b=2; Path=/a; Secure", "c=3; Path=/other",
                "d=4; SameSite=None; Secure", "junk",
            ],
            from: home)
        #expect(jar.field(for: home) == "a=1; b=2; d=4")
        #expect(jar.field(for: WebAddress("https://id.example.com/ab")) == "a=1; d=4")
        #expect(jar.field(for: WebAddress("http://id.example.com/a")) == "a=1")
        #expect(jar.field(for: WebAddress("https://other.example/a")) == nil)
        #expect(jar.field(for: home, isCrossSitePost: true) == "d=4")
        jar.take(["a=9; Path=/", "b=; Path=/a; Max-Age=0", "d=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], from: home)
        #expect(jar.field(for: home) == "a=9")
    }

    @Test("URLs keep their case and escapes; only the origin is normalized")
    func addresses() {
        let address = WebAddress("https://ID.example.com:8443/a/b?x=%41&y#z")
        #expect(address.origin == "https://id.example.com:8443")
        #expect(address.query == "x=%41&y")
        #expect(address.fragment == "z")
        #expect(address.base == "https://ID.example.com:8443/a/b")
        #expect(address.resolving("../c?d")?.text == "https://ID.example.com:8443/c?d")
        #expect(address.resolving("https://rp.example/?q=%7e")?.text == "https://rp.example/?q=%7e")
        #expect(
            WebAddress("https://rp.example/cb?x=1").adding([Parameter("a", "ä &")]).text
                == "https://rp.example/cb?x=1&a=%C3%A4%20%26")
        #expect(
            FormEncoding.parse("a=1+2&b=%zz&c") == [Parameter("a", "1 2"), Parameter("b", "%zz"), Parameter("c", "")])
    }
}
