package import Tracing

/// A span in progress. Without a recording, it carries only its identity.
package struct RecordedSpan: Span {
    package let context: ServiceContext
    private let recording: SpanRecording?

    init(_ context: ServiceContext, recording: SpanRecording? = nil) {
        self.context = context
        self.recording = recording
    }

    package var isRecording: Bool { recording != nil }

    package var operationName: String {
        get { recording?.withState { $0.name } ?? "" }
        nonmutating set { recording?.withState { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { recording?.withState { $0.attributes } ?? [:] }
        nonmutating set { recording?.withState { $0.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) { recording?.set(status) }

    package func addEvent(_ event: SpanEvent) { recording?.add(event) }

    package func addLink(_ link: SpanLink) { recording?.add(link) }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        recording?.record(error, attributes, at: instant())
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        recording?.end(at: instant().nanosecondsSinceEpoch)
    }
}
