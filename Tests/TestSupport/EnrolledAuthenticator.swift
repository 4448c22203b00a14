package import Foundation
import IdentityProvider
import SQLStorage
import SQLiteDriver

extension SoftwareAuthenticator {
    /// Enrolls a passkey directly in the SQLite database of a server in `folder`, without its pages.
    package func enrol(for username: String, at issuer: String, in folder: URL) async throws {
        let database = try SQLiteDatabase(path: folder.appending(path: "var/martlet.db").path())
        let stores = SQLBackend(database).stores(for: try Issuer(issuer))
        guard let user = try await stores.users.find(named: username) else {
            throw Unexpected("no user named \(username)")
        }
        let passkey = Passkey(
            user: user.id, name: "Phone", credentialID: credentialID, publicKey: publicKey.encoded(), signCount: 0,
            aaguid: aaguid, transports: ["internal"], isBackupEligible: false, isBackedUp: false,
            isUserVerificationInitialized: true, createdAt: Date())
        guard try await stores.passkeys.add(passkey, by: user) else {
            throw Unexpected("the passkey is already registered")
        }
    }
}
