/// The rest of a request did not arrive in time.
struct RequestTimeout: Error {}
