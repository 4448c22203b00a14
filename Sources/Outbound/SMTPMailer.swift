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

    /// Loads libcurl. Throws `SMTPFailure` if it is not installed.
    package init(_ settings: SMTPSettings, as name: String) throws(SMTPFailure) {
        guard unsafe Self.library != nil else {
            throw SMTPFailure(description: "libcurl.so.4 cannot be loaded; install libcurl4 and start again")
        }
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
        guard let curl = unsafe Self.library, let handle = curl.easy_init() else {
            throw SMTPFailure(description: "libcurl cannot create a handle: not enough memory")
        }
        defer { unsafe curl.easy_cleanup(handle) }
        let transfer = unsafe Transfer(curl: curl, handle: handle)
        try unsafe configure(transfer)
        try unsafe transfer.set(CURLOPT_MAIL_FROM, "<\(message.sender.address.text)>")
        let recipients = unsafe curl.slist_append(nil, "<\(message.recipient.text)>")
        defer { unsafe curl.slist_free_all(recipients) }
        try Self.check(unsafe martlet_curl_set_list(curl, handle, CURLOPT_MAIL_RCPT, recipients))
        var reason = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let content = message.bytes
        try unsafe content.withUnsafeBytes { content in
            try unsafe reason.withUnsafeMutableBufferPointer { reason in
                var source = unsafe martlet_curl_source(
                    bytes: content.bindMemory(to: CChar.self).baseAddress, count: content.count, position: 0)
                try Self.check(unsafe martlet_curl_set_error_buffer(curl, handle, reason.baseAddress))
                try Self.check(unsafe martlet_curl_set_source(curl, handle, &source))
                let code = unsafe curl.easy_perform(handle)
                guard code != CURLE_OK else { return }
                let text = unsafe reason.baseAddress.map { unsafe String(cString: $0) } ?? ""
                throw unsafe failure(
                    code, reply: martlet_curl_response_code(curl, handle),
                    text.isEmpty ? String(cString: curl.easy_strerror(code)!) : text)
            }
        }
    }

    private func configure(_ transfer: Transfer) throws {
        let scheme = settings.tls == .implicit ? "smtps" : "smtp"
        // libcurl takes the host name for EHLO from the path.
        try unsafe transfer.set(CURLOPT_URL, "\(scheme)://\(settings.host):\(settings.port)/\(name)")
        try unsafe transfer.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        // Connects to the configured server directly, even if the environment names a proxy.
        try unsafe transfer.set(CURLOPT_PROXY, "")
        let use =
            switch settings.tls {
            case .implicit, .required: CURLUSESSL_ALL
            case .offered: CURLUSESSL_TRY
            case .off: CURLUSESSL_NONE
            }
        try unsafe transfer.set(CURLOPT_USE_SSL, Int(use.rawValue))
        try unsafe transfer.set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        try unsafe transfer.set(CURLOPT_SSL_VERIFYPEER, 1)
        try unsafe transfer.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let authority = settings.authority { try unsafe transfer.set(CURLOPT_CAINFO, authority) }
        if let user = settings.user, let password = settings.password {
            try unsafe transfer.set(CURLOPT_USERNAME, user)
            try unsafe transfer.set(CURLOPT_PASSWORD, password)
        }
        try unsafe transfer.set(CURLOPT_CONNECTTIMEOUT, min(10, settings.timeout))
        try unsafe transfer.set(CURLOPT_TIMEOUT, settings.timeout)
        try unsafe transfer.set(CURLOPT_NOSIGNAL, 1)
        try unsafe transfer.set(CURLOPT_UPLOAD, 1)
    }

    /// Returns the error for a failed attempt. A 5yz reply about the recipient or the content is
    /// final (RFC 5321 §4.2.1). A reply about us (password, sender, TLS) is for the operator to fix,
    /// after which the email can be sent.
    private func failure(_ code: CURLcode, reply: Int, _ text: String) -> any Error {
        let isAboutLetter = code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY
        if isAboutLetter, (500..<600).contains(reply), !text.hasPrefix("MAIL failed") {
            return MailRefused("the mail server rejected the email with reply \(reply)")
        }
        return SMTPFailure(description: reply == 0 ? text : "\(text) (reply \(reply))")
    }

    private static func check(_ code: CURLcode) throws {
        guard code == CURLE_OK else {
            throw SMTPFailure(description: "libcurl rejected an option (error \(code.rawValue))")
        }
    }

    /// A handle and the library that it belongs to.
    @unsafe private struct Transfer {
        let curl: martlet_curl
        let handle: UnsafeMutableRawPointer

        func set(_ option: CURLoption, _ number: Int) throws {
            try unsafe SMTPMailer.check(martlet_curl_set_number(curl, handle, option, number))
        }

        func set(_ option: CURLoption, _ text: String) throws {
            try unsafe SMTPMailer.check(martlet_curl_set_text(curl, handle, option, text))
        }
    }

    /// Loaded once, before any thread uses it.
    nonisolated(unsafe) private static let library: martlet_curl? = {
        var curl = martlet_curl()
        return unsafe martlet_curl_load(&curl) ? curl : nil
    }()
}

/// The email was not accepted, but may be later.
package struct SMTPFailure: Error, CustomStringConvertible {
    package let description: String
}
