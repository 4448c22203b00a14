/// A metric with all its series, at one point in time.
package struct MetricFamily: Sendable {
    enum Kind: String { case counter, gauge, histogram }

    let label: String
    let kind: Kind
    var points: [MetricPoint] = []

    init(_ label: String, _ kind: Kind, _ points: [MetricPoint] = []) {
        self.label = label
        self.kind = kind
        self.points = points
    }

    var description: MetricDescription { MetricCatalog.description(of: label) }

    var sorted: MetricFamily {
        MetricFamily(label, kind, points.sorted { $0.dimensions.lexicographicallyPrecedes($1.dimensions) })
    }
}

/// The value of one series.
struct MetricPoint: Sendable {
    enum Value: Sendable {
        case integer(Int64)
        case number(Double)
        case histogram(HistogramSeries.Value)
    }

    /// Alternating names and values.
    let dimensions: [String]
    let value: Value

    var pairs: [(name: String, value: String)] {
        stride(from: 0, to: dimensions.count, by: 2).map { (dimensions[$0], dimensions[$0 + 1]) }
    }
}
