/// The built-in templates, embedded in the program so that it needs no other files.
package enum Templates {
    /// Texts by their name in an operator's template folder: the file name for pages, and the path below `templates/` for
    /// other files. `Package.swift` embeds whole folders, but each new file must also be listed here.
    package static let files: [String: String] = contents.mapValues { String(decoding: $0, as: UTF8.self) }

    private static let contents: [String: [UInt8]] = [
        "account.mustache": PackageResources.account_mustache,
        "authenticator-app.mustache": PackageResources.authenticator_app_mustache,
        "confirm-sign-out.mustache": PackageResources.confirm_sign_out_mustache,
        "consent.mustache": PackageResources.consent_mustache,
        "delete-account.mustache": PackageResources.delete_account_mustache,
        "email-address.mustache": PackageResources.email_address_mustache,
        "emblem.mustache": PackageResources.emblem_mustache,
        "enrol.mustache": PackageResources.enrol_mustache,
        "error.mustache": PackageResources.error_mustache,
        "forgot-password.mustache": PackageResources.forgot_password_mustache,
        "reveal.mustache": PackageResources.reveal_mustache,
        "reset-password.mustache": PackageResources.reset_password_mustache,
        "sign-up.mustache": PackageResources.sign_up_mustache,
        "new-account.mustache": PackageResources.new_account_mustache,
        "link.mustache": PackageResources.link_mustache,
        "done.mustache": PackageResources.done_mustache,
        "form-post.mustache": PackageResources.form_post_mustache,
        "layout.mustache": PackageResources.layout_mustache,
        "next.mustache": PackageResources.next_mustache,
        "linked-accounts.mustache": PackageResources.linked_accounts_mustache,
        "linking.mustache": PackageResources.linking_mustache,
        "passkeys.mustache": PackageResources.passkeys_mustache,
        "profile.mustache": PackageResources.profile_mustache,
        "recovery-codes.mustache": PackageResources.recovery_codes_mustache,
        "scope-text.mustache": PackageResources.scope_text_mustache,
        "scope.mustache": PackageResources.scope_mustache,
        "second-factor.mustache": PackageResources.second_factor_mustache,
        "sign-in.mustache": PackageResources.sign_in_mustache,
        "signed-out.mustache": PackageResources.signed_out_mustache,
        "still-signed-in.mustache": PackageResources.still_signed_in_mustache,
        "style.css": PackageResources.style_css,
        "submit.js": PackageResources.submit_js,
        "page.js": PackageResources.page_js,
        "mail/letter.html.mustache": PackageResources.letter_html_mustache,
        "mail/letter.txt.mustache": PackageResources.letter_txt_mustache,
        "upstream-account.mustache": PackageResources.upstream_account_mustache,
        "totp-setup.mustache": PackageResources.totp_setup_mustache,
        "locales/de.json": PackageResources.de_json,
        "locales/en.json": PackageResources.en_json,
    ]
}
