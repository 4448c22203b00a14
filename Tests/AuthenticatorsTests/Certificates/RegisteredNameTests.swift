import Authenticators
import Testing

@Suite("RFC 4514 §3: registered distinguished names")
struct RegisteredNameTests {
    @Test(
        "a name is read in any valid form and written in one",
        arguments: [
            ("CN=client,O=Example,C=US", "CN=client,O=Example,C=US"),
            ("cn=client, o=Example , C=US", "CN=client,O=Example,C=US"),
            ("2.5.4.3=client", "CN=client"),
            ("OU=Sales+CN=J.  Smith,DC=example,DC=net", "OU=Sales+CN=J.  Smith,DC=example,DC=net"),
            (#"O=Example\, Inc."#, #"O=Example\, Inc."#), (#"O=Example\2C Inc."#, #"O=Example\, Inc."#),
            (#"CN=Lu\C4\8Di\C4\87"#, "CN=Lučić"), ("CN=Lučić", "CN=Lučić"), (#"CN=a\=b"#, "CN=a=b"),
            ("CN=a=b", "CN=a=b"),
            (#"CN=\ a\ "#, #"CN=\ a\ "#), ("CN= a ", "CN=a"), ("CN=\\#1", "CN=\\#1"), (#"CN=a\00b"#, #"CN=a\00b"#),
            ("CN=#1E020061", "2.5.4.3=#1e020061"),
            ("1.2.840.113549.1.9.1=#0C03614062", "1.2.840.113549.1.9.1=#0c03614062"), ("CN=", "CN="),
        ])
    func forms(_ text: String, _ expected: String) throws { #expect(try RegisteredName(text).text == expected) }

    @Test(
        "a text that no subject has is refused",
        arguments: [
            "", " ", "client", "CN", "CN=a,", "CN=a,,O=b", "CN=a;O=b", "=a", "XX=a", "2=a", "2.5.=a", "2.5=a",
            "1.2.3.4=a", "2.18446744073709551615=#00", "a.b=a",
            "2.5.4.999999999999999999999=a",
            #"CN=a\"#, #"CN=a\x"#, #"CN=a\4"#, #"CN=\FF"#, "CN=\"a\"", "CN=<a>", "CN=#", "CN=#1", "CN=#xx", "CN=a\0",
        ])
    func refused(_ text: String) {
        #expect(throws: InvalidDistinguishedName.self) { try RegisteredName(text) }
    }
}
