import FoundationEssentials
import Logging
import Telemetry

/// The settings below `telemetry`.
extension TelemetrySettings {
    init(_ values: inout SettingValues) {
        self.init(format: StandardError.isTerminal ? .text : .json, level: .info)
        if let text = values.text(.telemetryLog) {
            if let format = LogFormat(rawValue: text) {
                self.format = format
            } else {
                values.report(.telemetryLog, "must be json or text")
            }
        }
        if let text = values.text(.telemetryLevel) {
            if let level = Logger.Level(rawValue: text) {
                self.level = level
            } else {
                values.report(.telemetryLevel, "must be trace, debug, info, notice, warning, error or critical")
            }
        }
        if let text = values.text(.telemetrySampling) {
            if let ratio = Double(text), (0...1).contains(ratio) {
                samplingRatio = ratio
            } else {
                values.report(.telemetrySampling, "must be a number from 0 to 1")
            }
        }
        otlp = OTLPSettings(&values)
        keepsMetrics = values.isSet(.telemetryMetrics)
    }
}

extension OTLPSettings {
    /// Returns `nil` without a collector.
    init?(_ values: inout SettingValues) {
        let headers = Self.headers(&values)
        let signals = Self.signals(&values)
        guard let text = values.text(.telemetryOTLP) else {
            for setting in [Setting.telemetryOTLPHeaders, .telemetryOTLPSignals] where values.isSet(setting) {
                values.report(setting, "requires \(Setting.telemetryOTLP.rawValue)")
            }
            return nil
        }
        let endpoint = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let url = URL(string: endpoint), ["http", "https"].contains(url.scheme), url.host() != nil,
            url.query == nil, url.fragment == nil, url.user == nil, url.password == nil
        else {
            values.report(.telemetryOTLP, "must be the URL of a collector, such as http://localhost:4318")
            return nil
        }
        self.init(endpoint: endpoint, headers: headers, signals: signals)
    }

    /// Errors never include the text, which may contain a token.
    private static func headers(_ values: inout SettingValues) -> [(name: String, value: String)] {
        guard let text = values.text(.telemetryOTLPHeaders) else { return [] }
        guard let headers = KeyValueList.parse(text), headers.allSatisfy({ isName($0.name) && isValue($0.value) })
        else {
            values.report(
                .telemetryOTLPHeaders, "must be NAME=VALUE pairs separated by commas, with percent-encoded values")
            return []
        }
        return headers
    }

    private static func signals(_ values: inout SettingValues) -> Set<OTLPSignal> {
        guard values.isSet(.telemetryOTLPSignals) else { return Set(OTLPSignal.allCases) }
        let signals = values.list(.telemetryOTLPSignals).map(OTLPSignal.init)
        if signals.contains(nil) || signals.isEmpty {
            values.report(.telemetryOTLPSignals, "must be one or more of traces, metrics and logs")
        }
        return Set(signals.compactMap(\.self))
    }

    /// A token of RFC 9110 §5.6.2.
    private static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
    }

    private static func isValue(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }
}
