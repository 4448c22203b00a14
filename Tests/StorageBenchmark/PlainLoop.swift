import CMariaDB
import Foundation
import Synchronization
import TestSupport

/// The library's maximum: threads with one connection each, one prepared statement, and a commit for every row.
struct PlainLoop {
    let port: Int
    /// Changes the row with the bound number.
    let statement: String

    /// Rows per second.
    func rate(width: Int, seconds: Double) throws -> Double {
        let count = Atomic(0)
        let done = DispatchGroup()
        let end = ContinuousClock.now + .seconds(seconds)
        let start = ContinuousClock.now
        for number in 0..<width {
            done.enter()
            let thread = Thread { [port, statement] in
                let rows = Self.run(statement, number, port: port, until: end)
                count.add(rows, ordering: .relaxed)
                done.leave()
            }
            thread.start()
        }
        done.wait()
        let rows = count.load(ordering: .relaxed)
        guard rows > 0 else { throw Unexpected("the plain loop failed") }
        return Double(rows) / ((ContinuousClock.now - start) / .seconds(1))
    }

    private static func run(_ text: String, _ number: Int, port: Int, until end: ContinuousClock.Instant) -> Int {
        guard let handle = unsafe mysql_init(nil) else { return 0 }
        defer { unsafe mysql_close(handle) }
        guard
            unsafe mysql_real_connect(
                handle, "127.0.0.1", MariaDBServer.user, MariaDBServer.password, "benchmark", UInt32(port), nil, 0)
                != nil,
            let statement = unsafe mysql_stmt_init(handle),
            unsafe mysql_stmt_prepare(statement, text, UInt(text.utf8.count)) == 0
        else { return 0 }
        defer { unsafe mysql_stmt_close(statement) }
        var id = Int64(number)
        return unsafe withUnsafeMutablePointer(to: &id) { id in
            var binding = unsafe MYSQL_BIND()
            unsafe binding.buffer_type = MYSQL_TYPE_LONGLONG
            unsafe binding.buffer = UnsafeMutableRawPointer(id)
            guard unsafe mysql_stmt_bind_param(statement, &binding) == 0 else { return 0 }
            var rows = 0
            while ContinuousClock.now < end, unsafe mysql_stmt_execute(statement) == 0 { rows += 1 }
            return rows
        }
    }
}
