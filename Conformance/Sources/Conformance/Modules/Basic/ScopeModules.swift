/// Scopes that request claims (OpenID Connect Core §5.4).
enum ScopeModules {
    static let all = [
        module("oidcc-scope-profile", "openid profile"), module("oidcc-scope-email", "openid email"),
        module("oidcc-scope-address", "openid address"), module("oidcc-scope-phone", "openid phone"),
        module("oidcc-scope-all", "openid email phone address profile"),
    ]

    private static func module(_ name: String, _ scope: String) -> Module {
        Module(name) { trial in
            let values = scope.split(separator: " ").map(String.init).filter { $0 != "openid" }
            let metadata = try await trial.metadata()
            for value in values where metadata.lists(value, in: "scopes_supported") == false {
                throw Skip(reason: "scopes_supported does not contain \(value)")
            }
            let evidence = try await trial.userInfo(try await trial.signIn(scope: scope))
            trial.check(UserInfoConditions.hasClaims(of: values), evidence)
        }
    }
}
