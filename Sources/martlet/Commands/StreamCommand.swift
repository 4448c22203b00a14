import ArgumentParser
import IdentityProvider
import JOSE
import SQLStorage

/// `martlet stream`.
struct StreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream", abstract: "List and delete the event streams of receivers.",
        subcommands: [List.self, Show.self, Delete.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the streams with the number of their waiting events.",
            discussion: "Example: martlet stream list")
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { administration, _, _ in
                var listing = options.output.listing(["stream_id", "client_id", "status", "endpoint_url", "waiting"])
                listing.add(try await administration.eventStreams())
                listing.end()
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a stream.", discussion: "Example: martlet stream show RkZLQ1dBVE5XUlVXUkxJQg")
        @Argument(help: "The stream_id.") var stream: String
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            try await options.administer(.reading) { administration, _, _ in
                guard let document = try await administration.eventStream(stream) else { throw noStream(stream) }
                options.output.show(document)
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a stream and its waiting events. Its receiver may create another.",
            discussion: "Example: martlet stream delete RkZLQ1dBVE5XUlVXUkxJQg")
        @Argument(help: "The stream_id.") var stream: String
        @OptionGroup var confirmation: ConfirmationOptions
        @OptionGroup var options: IssuerOptions

        func run() async throws {
            let change = confirmation.before("Delete the stream \(stream) and its waiting events")
            try await options.administer(.changing, after: change) { administration, _, _ in
                guard try await administration.deleteEventStream(stream) else { throw noStream(stream) }
                options.output.report("deleted", ["stream_id": .string(stream)], "Deleted.")
            }
        }
    }
}

private func noStream(_ id: String) -> Mistakes {
    Mistakes(["there is no stream \(id); `martlet stream list` shows all"])
}
