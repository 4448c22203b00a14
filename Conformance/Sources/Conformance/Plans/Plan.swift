/// A list of modules and the variant they run with.
package struct Plan: Sendable {
    package let name: String
    package let variant: Variant
    /// The names of all its modules, including those without a script.
    package let modules: [String]

    package init(_ name: String, variant: Variant = Variant(), modules: [String]? = nil) {
        self.name = name
        self.variant = variant
        self.modules = modules ?? OfficialPlans.all.first { $0.name == name }?.modules ?? []
    }
}

extension Plan {
    package static func security(_ variant: FAPIVariant) -> Plan {
        Plan("fapi2-security-profile-final-test-plan", variant: Variant(fapi: variant))
    }

    package static func signing(_ variant: FAPIVariant) -> Plan {
        Plan("fapi2-message-signing-final-test-plan", variant: Variant(fapi: variant))
    }
}

/// The plans that this program can run.
package enum Plans {
    package static let basic = Plan("oidcc-basic-certification-test-plan")
    package static let config = Plan("oidcc-config-certification-test-plan")
    package static let formPost = Plan(
        "oidcc-formpost-basic-certification-test-plan", variant: Variant(responseMode: "form_post"))
    package static let logout = Plan("oidcc-rp-initiated-logout-certification-test-plan")
    package static let backChannel = Plan("oidcc-backchannel-rp-initiated-logout-certification-test-plan")
    package static let frontChannel = Plan("oidcc-frontchannel-rp-initiated-logout-certification-test-plan")
    package static let sessionManagement = Plan("oidcc-session-management-certification-test-plan")
    /// Tests beyond the official plans.
    package static let own = Plan("martlet-test-plan", modules: Modules.own.map(\.name))

    /// The FAPI 2.0 plans, in the variants of a usual run.
    package static let fapi = fapi(FAPIVariant.securityPairs, FAPIVariant.signingPairs)
    /// The FAPI 2.0 plans in every variant.
    package static let everyFAPI = fapi(FAPIVariant.securityProfile, FAPIVariant.messageSigning)

    private static func fapi(_ security: [FAPIVariant], _ signing: [FAPIVariant]) -> [Plan] {
        security.map(Plan.security) + signing.map(Plan.signing)
    }

    /// The plans with a single variant.
    package static let base = [config, basic, formPost, logout, backChannel, frontChannel, sessionManagement, own]
    package static let all = base + fapi
    /// Each plan once, in its first variant.
    package static let distinct = base + [fapi[0], fapi[FAPIVariant.securityPairs.count]]

    /// The official plans that this program can't run.
    package static let notImplemented = OfficialPlans.all.map(\.name).filter { name in
        !all.contains { $0.name == name }
    }
}

/// The modules that have a script.
package enum Modules {
    /// Modules by name. A plan's modules that are missing here are NOT-IMPLEMENTED.
    package static let all = Dictionary(uniqueKeysWithValues: (official + own).map { ($0.name, $0) })

    private static let official: [Module] =
        ServerModules.all + UserInfoModules.all + ScopeModules.all + DisplayModules.all + PromptModules.all
        + CodeModules.all + RequestModules.all + RefreshModules.all + DiscoveryModules.all + LogoutModules.all
        + BackChannelModules.official + FrontChannelModules.official + SessionManagementModules.official + fapi

    private static let fapi: [Module] =
        FAPIDiscoveryModules.all + FAPIFlowModules.all + FAPIRequestModules.all + FAPIPushedModules.all
        + FAPIRequestObjectModules.all + FAPICodeModules.all + FAPIAssertionModules.all + FAPIDPoPModules.all
        + FAPIRefreshModules.all

    package static let own: [Module] =
        MetadataModules.all + BindingModules.all + RaceModules.all + ClientModules.all + TokenStateModules.all
        + ErrorModules.all + WebModules.all + PersonModules.all + PushedModules.all + RequestObjectModules.all
        + ResponseJWTModules.all + DPoPModules.all + DPoPRaceModules.all + MutualTLSModules.all
        + LogoutRequestModules.all + BackChannelModules.own + FrontChannelModules.own + SessionManagementModules.own
        + DeviceModules.all + AccountModules.all + SignalModules.all + DetailModules.all
}
