/// The rest of a request did not come in time.
struct RequestTimeout: Error {}
