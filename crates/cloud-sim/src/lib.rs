//! Loopback servers that behave like the providers' APIs, with faults.
