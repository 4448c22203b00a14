/// `Metric` of opentelemetry/proto/metrics/v1/metrics.proto.
extension ProtobufWriter {
    /// `AGGREGATION_TEMPORALITY_CUMULATIVE`: values since the start.
    private static let cumulative: UInt64 = 2

    mutating func metric(_ field: Int, _ family: MetricFamily, from start: UInt64, at time: UInt64) {
        let description = family.description
        message(field) { metric in
            metric.string(1, family.label)
            metric.string(2, description.help)
            metric.string(3, description.unit.isEmpty ? "1" : description.unit)
            switch family.kind {
            case .gauge:
                metric.message(5) { data in for point in family.points { data.number(point, from: 0, at: time) } }
            case .counter:
                metric.message(7) { data in
                    for point in family.points { data.number(point, from: start, at: time) }
                    data.varint(2, Self.cumulative)
                    data.varint(3, 1)
                }
            case .histogram:
                metric.message(9) { data in
                    for point in family.points { data.histogram(point, from: start, at: time) }
                    data.varint(2, Self.cumulative)
                }
            }
        }
    }

    private mutating func number(_ point: MetricPoint, from start: UInt64, at time: UInt64) {
        message(1) { data in
            data.fixed64(2, start)
            data.fixed64(3, time)
            switch point.value {
            case .integer(let value): data.signedFixed64(6, value)
            case .number(let value): data.double(4, value)
            case .histogram: break
            }
            data.attributes(7, of: point)
        }
    }

    private mutating func histogram(_ point: MetricPoint, from start: UInt64, at time: UInt64) {
        guard case .histogram(let value) = point.value else { return }
        message(1) { data in
            data.fixed64(2, start)
            data.fixed64(3, time)
            data.fixed64(4, value.count)
            data.double(5, value.sum)
            data.packed(6, value.counts)
            data.packed(7, HistogramSeries.bounds.map(\.bitPattern))
            data.attributes(9, of: point)
        }
    }

    private mutating func attributes(_ field: Int, of point: MetricPoint) {
        for (name, value) in point.pairs {
            // Metric dimensions are strings, but the status code must be a number (OpenTelemetry semantic conventions
            // for HTTP metrics).
            if name == "http.response.status_code", let status = Int64(value) {
                attribute(field, name, status)
            } else {
                attribute(field, name, value)
            }
        }
    }
}
