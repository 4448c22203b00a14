import IdentityProvider
import Outbound

/// The mail server and sender, from the settings `mail.smtp` and `mail.from`.
struct MailSetting {
    let smtp: SMTPSettings
    let sender: MailSender
}

extension Configuration {
    static func mail(_ values: inout SettingValues) -> MailSetting? {
        guard let url = values.text(.mailSMTP) else {
            if values.isSet(.mailFrom) { values.report(.mailFrom, "requires \(Setting.mailSMTP.rawValue)") }
            return nil
        }
        var smtp: SMTPSettings?
        do throws(InvalidSMTPURL) { smtp = try SMTPSettings(url) } catch { values.report(.mailSMTP, error.reason) }
        guard let from = values.text(.mailFrom) else {
            values.report(.mailSMTP, "requires \(Setting.mailFrom.rawValue)")
            return nil
        }
        guard let sender = MailSender(from) else {
            values.report(.mailFrom, "must be ADDRESS or NAME <ADDRESS>")
            return nil
        }
        return smtp.map { MailSetting(smtp: $0, sender: sender) }
    }
}
