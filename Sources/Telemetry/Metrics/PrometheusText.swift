/// The Prometheus text exposition format 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package static func write(_ families: [MetricFamily]) -> [UInt8] {
        var text = ""
        for family in families {
            let name = family.description.prometheusName(isCounter: family.kind == .counter)
            text += "# HELP \(name) \(escaped(family.description.help))\n# TYPE \(name) \(family.kind.rawValue)\n"
            for point in family.points { write(point, of: name, to: &text) }
        }
        return Array(text.utf8)
    }

    private static func write(_ point: MetricPoint, of name: String, to text: inout String) {
        let labels = point.pairs.map { "\(labelName($0.name))=\"\(escaped($0.value))\"" }
        switch point.value {
        case .integer(let value): text += "\(name)\(braced(labels)) \(value)\n"
        case .number(let value): text += "\(name)\(braced(labels)) \(number(value))\n"
        case .histogram(let value):
            var below: UInt64 = 0
            for (bound, count) in zip(HistogramSeries.bounds.map(number) + ["+Inf"], value.counts) {
                below += count
                text += "\(name)_bucket\(braced(labels + ["le=\"\(bound)\""])) \(below)\n"
            }
            text += "\(name)_sum\(braced(labels)) \(number(value.sum))\n\(name)_count\(braced(labels)) \(below)\n"
        }
    }

    private static func braced(_ labels: [String]) -> String {
        labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
    }

    /// Formats whole numbers without a decimal point.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func labelName(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\"", with: "\\\"")
    }
}
