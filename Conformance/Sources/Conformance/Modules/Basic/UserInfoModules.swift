/// The userinfo endpoint and the ways to present a token (OpenID Connect Core §5.3, RFC 6750 §2).
enum UserInfoModules {
    static let all = [get, postHeader, postBody]

    static let get = Module("oidcc-userinfo-get") { trial in
        try await trial.userInfo(try await trial.signIn())
    }

    static let postHeader = Module("oidcc-userinfo-post-header") { trial in
        let signedIn = try await trial.signIn()
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let request = WebRequest("POST", endpoint, headers: [Trial.bearer(signedIn.accessToken)])
        _ = trial.judged(try await trial.send(request), signedIn)
    }

    static let postBody = Module("oidcc-userinfo-post-body") { trial in
        let signedIn = try await trial.signIn()
        let endpoint = try await trial.metadata().endpoint("userinfo_endpoint")
        let form = [Parameter("access_token", signedIn.accessToken)]
        let answer = try await trial.send(.form(form, to: endpoint))
        let evidence = UserInfoEvidence(answer: answer, idToken: signedIn.idToken)
        trial.check(UserInfoConditions.succeeds.at(.warning), evidence)
        guard answer.status == 200 else { return }
        trial.check(UserInfoConditions.shared, evidence)
    }
}
