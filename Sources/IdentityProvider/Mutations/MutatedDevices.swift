import HTTPTypes
import JOSE

/// Faults of the device authorization grant.
extension Mutation {
    func changeDeviceCode(_ edit: inout RequestEdit, _ tools: MutationTools) async throws {
        guard self == .deviceCodeOfAnyClient, let code = edit["device_code"],
            let pending = try await tools.devices.find(deviceCode: code)
        else { return }
        edit.headers[.authorization] = nil
        edit["client_secret"] = nil
        edit["client_id"] = pending.request.client.rawValue + Mutation.open
    }

    /// The error that a device gets instead.
    func devicePollError(_ code: String) -> String {
        switch (self, code) {
        case (.fastPollsAllowed, "slow_down"), (.denialHidden, "access_denied"): "authorization_pending"
        default: code
        }
    }

    func changeDevicePage(_ response: Response) -> Response {
        guard self == .deviceNotNamed, case .page(var page) = response.body else { return response }
        page.data["user_code"] = ""
        page.data["client"] = nil
        return Response(status: response.status, headers: response.headers, body: .page(page))
    }
}
