/// What an operator did to a client, user, role, group or resource server.
package enum ResourceAction: String, Sendable {
    case create = "create"
    case update = "update"
    case delete = "delete"
}
