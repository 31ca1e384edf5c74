//! The way to a REST API: authorize, send, retry, rate limit, pages, long operations.
