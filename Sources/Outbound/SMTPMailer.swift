import CCurl
import Dispatch
import FoundationEssentials
import IdentityProvider
import Tracing

/// Sends emails through a mail server with libcurl (RFC 5321). Uses dedicated threads, so that a
/// slow server delays nothing else.
package struct SMTPMailer: Sendable {
    private let settings: SMTPSettings
    /// The host name for EHLO.
    private let name: String
    private let threads = DispatchQueue(label: "martlet.smtp", attributes: .concurrent)

    package init(_ settings: SMTPSettings, as name: String) {
        self.settings = settings
        self.name = name
    }

    /// Returns once the server has accepted the email. Throws `MailRefused` if it never will, otherwise `SMTPFailure`.
    package func send(_ message: MIMEMessage) async throws {
        try await withSpan("smtp.send", ofKind: .client) { _ in
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                threads.async { continuation.resume(with: Result { try deliver(message) }) }
            }
        }
    }

    private func deliver(_ message: MIMEMessage) throws {
        guard Self.library == CURLE_OK, let handle = unsafe curl_easy_init() else {
            throw SMTPFailure(description: "libcurl could not be initialized")
        }
        defer { unsafe curl_easy_cleanup(handle) }
        try unsafe configure(handle)
        try unsafe set(handle, CURLOPT_MAIL_FROM, "<\(message.sender.address.text)>")
        let recipients = unsafe curl_slist_append(nil, "<\(message.recipient.text)>")
        defer { unsafe curl_slist_free_all(recipients) }
        try check(unsafe martlet_curl_set_list(handle, CURLOPT_MAIL_RCPT, recipients))
        var reason = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let content = message.bytes
        try unsafe content.withUnsafeBytes { content in
            try unsafe reason.withUnsafeMutableBufferPointer { reason in
                var source = unsafe martlet_curl_source(
                    bytes: content.bindMemory(to: CChar.self).baseAddress, count: content.count, position: 0)
                try check(unsafe martlet_curl_set_error_buffer(handle, reason.baseAddress))
                try check(unsafe martlet_curl_set_source(handle, &source))
                let code = unsafe curl_easy_perform(handle)
                guard code != CURLE_OK else { return }
                let text = unsafe reason.baseAddress.map { unsafe String(cString: $0) } ?? ""
                throw unsafe failure(code, reply: martlet_curl_response_code(handle), text)
            }
        }
    }

    private func configure(_ handle: UnsafeMutableRawPointer) throws {
        let scheme = settings.tls == .implicit ? "smtps" : "smtp"
        // libcurl takes the host name for EHLO from the path.
        try unsafe set(handle, CURLOPT_URL, "\(scheme)://\(settings.host):\(settings.port)/\(name)")
        try unsafe set(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        // Connects to the configured server directly, even if the environment names a proxy.
        try unsafe set(handle, CURLOPT_PROXY, "")
        let use =
            switch settings.tls {
            case .implicit, .required: CURLUSESSL_ALL
            case .offered: CURLUSESSL_TRY
            case .off: CURLUSESSL_NONE
            }
        try unsafe set(handle, CURLOPT_USE_SSL, Int(use.rawValue))
        try unsafe set(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        try unsafe set(handle, CURLOPT_SSL_VERIFYPEER, 1)
        try unsafe set(handle, CURLOPT_SSL_VERIFYHOST, 2)
        if let authority = settings.authority { try unsafe set(handle, CURLOPT_CAINFO, authority) }
        if let user = settings.user, let password = settings.password {
            try unsafe set(handle, CURLOPT_USERNAME, user)
            try unsafe set(handle, CURLOPT_PASSWORD, password)
        }
        try unsafe set(handle, CURLOPT_CONNECTTIMEOUT, min(10, settings.timeout))
        try unsafe set(handle, CURLOPT_TIMEOUT, settings.timeout)
        try unsafe set(handle, CURLOPT_NOSIGNAL, 1)
        try unsafe set(handle, CURLOPT_UPLOAD, 1)
    }

    private func set(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ number: Int) throws {
        try check(unsafe martlet_curl_set_number(handle, option, number))
    }

    private func set(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ text: String) throws {
        try check(unsafe martlet_curl_set_text(handle, option, text))
    }

    private func check(_ code: CURLcode) throws {
        guard code == CURLE_OK else {
            throw SMTPFailure(description: "libcurl rejected an option (error \(code.rawValue))")
        }
    }

    /// Returns the error for a failed attempt. A 5yz reply about the recipient or the content is
    /// final (RFC 5321 §4.2.1). A reply about us (password, sender, TLS) is for the operator to fix,
    /// after which the email can be sent.
    private func failure(_ code: CURLcode, reply: Int, _ text: String) -> any Error {
        let isAboutLetter = code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY
        let reason = text.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : text
        if isAboutLetter, (500..<600).contains(reply), !text.hasPrefix("MAIL failed") {
            return MailRefused("the mail server rejected the email with reply \(reply)")
        }
        return SMTPFailure(description: reply == 0 ? reason : "\(reason) (reply \(reply))")
    }

    /// Initialized once, before any thread uses libcurl.
    private static let library = martlet_curl_global_init()
}

/// The email was not accepted, but may be later.
package struct SMTPFailure: Error, CustomStringConvertible {
    package let description: String
}
