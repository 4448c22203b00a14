import Foundation
import HTTPTypes
import IdentityProvider
import Templates
import Testing

@testable import Server

@Suite("Templates: built in, and replaced by an operator")
struct TemplatesTests {
    private func text(_ renderer: PageRenderer, _ page: String, _ language: String) -> String {
        let answer = renderer.render(Page(page), status: .ok, headers: [:], for: language, name: nil)
        return String(decoding: answer.body, as: UTF8.self)
    }

    @Test("every file of the folder is in the program")
    func everyFile() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "templates").resolvingSymlinksInPath()
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            .filter { name in [".mustache", ".css", ".json", ".js"].contains { name.hasSuffix($0) } }
        let texts = try names.map { name in
            // Pages are named without their folder, as operators name them.
            let key = name.hasPrefix("pages/") ? String(name.dropFirst("pages/".count)) : name
            return (key, try String(contentsOf: folder.appending(path: name), encoding: .utf8))
        }
        #expect(Templates.files == Dictionary(uniqueKeysWithValues: texts))
    }

    @Test("a file replaces the built-in one of the same name, and locales can be added")
    func override() throws {
        let overrides = [
            "error.mustache": "ours: {{>text.error_title}}", "locales/fr.json": #"{"error_title": "Erreur"}"#,
        ]
        let renderer = try PageRenderer(name: "Martlet", overrides: overrides)
        #expect(text(renderer, "error", "fr") == "ours: Erreur")
        // Texts missing in French are shown in English.
        #expect(text(renderer, "sign-in", "fr").contains("<h1>Sign in"))
    }

    @Test(
        "a broken replacement stops startup and names the file",
        arguments: [
            ("error.mustache", "{{#open}}"), ("locales/fr.json", "{"), ("locales/fr.json", "[]"),
            ("locales/fr.json", #"{"a": 1}"#), ("locales/fr.json", #"{"a": "1", "a": "2"}"#),
            ("locales/fr.json", #"{"a": "{{#open}}"}"#), ("locales/en.json", ""), ("eror.mustache", "misspelt"),
            ("notes.txt", ""),
        ])
    func broken(_ name: String, _ text: String) throws {
        let error = #expect(throws: InvalidTemplate.self) {
            try PageRenderer(name: "Martlet", overrides: [name: text])
        }
        #expect(error?.file == name)
        #expect(error?.reason.isEmpty == false)
    }

    @Test(
        "the letter about an access code says what its link does",
        arguments: [("en", "the link voids the code"), ("de", "macht der Link den Code ungültig")])
    func accessCode(_ language: String, _ expected: String) throws {
        let letter = Letter(
            id: "1", to: try #require(MailAddress("alice@example.com")), kind: "access_code_made",
            data: ["link": "https://id.example.com/not-me"], languages: [language])
        let renderer = try PageRenderer(name: "Martlet")
        let words = try renderer.words(of: letter, from: Issuer("https://id.example.com"), name: nil)
        #expect(!words.subject.isEmpty)
        for text in [words.text, words.html] {
            #expect(text.contains(expected) && text.contains("https://id.example.com/not-me"))
            #expect(!text.contains("text.mail_"))
        }
    }
}
