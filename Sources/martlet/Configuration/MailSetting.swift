import IdentityProvider
import Outbound

/// How mail is sent: the settings `mail.smtp` and `mail.from`.
struct MailSetting {
    let smtp: SMTPSettings
    let sender: MailSender
}

extension Configuration {
    static func mail(_ values: inout SettingValues) -> MailSetting? {
        guard let url = values.text(.mailSMTP) else {
            if values.isSet(.mailFrom) { values.report(.mailFrom, "needs \(Setting.mailSMTP.rawValue) beside it") }
            return nil
        }
        var smtp: SMTPSettings?
        do throws(InvalidSMTPURL) { smtp = try SMTPSettings(url) } catch { values.report(.mailSMTP, error.reason) }
        guard let from = values.text(.mailFrom) else {
            values.report(.mailSMTP, "needs \(Setting.mailFrom.rawValue) beside it")
            return nil
        }
        guard let sender = MailSender(from) else {
            values.report(.mailFrom, "must be an address, or NAME <ADDRESS>")
            return nil
        }
        return smtp.map { MailSetting(smtp: $0, sender: sender) }
    }
}
