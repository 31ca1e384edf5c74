//! How a simulator is started.

use std::net::SocketAddr;
use std::path::PathBuf;

use cloud_world::{Kind, Lag, Timings};
use jiff::Timestamp;

/// How a simulator is started.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// How often simulated time passes real time.
    pub speed: f64,
    /// Where all chance starts.
    pub seed: u64,
    /// How many requests meet a fault drawn among all kinds, 0 to 1.
    pub faults: f64,
    /// The token that is asked for; `None` takes any.
    pub token: Option<String>,
    /// A second token that may only read.
    pub read_only_token: Option<String>,
    /// How many requests are taken.
    pub rate_limit: RateLimit,
    /// How long things take; `None` for the face's usual.
    pub timings: Option<Timings>,
    /// How late readers see changes.
    pub lag: Lag,
    /// Quotas that replace the face's own.
    pub quotas: Vec<(Kind, u64)>,
    /// When simulated time starts; `None` for the real present.
    pub start: Option<Timestamp>,
    /// A file that every exchange is appended to, as a line of JSON.
    pub record: Option<PathBuf>,
}

impl Default for SimConfig {
    /// Any free port of the loopback address, real speed, seed 1, no faults, any token;
    /// records to the file named by the environment variable `CLOUD_SIM_RECORD`, where it is set.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            speed: 1.0,
            seed: 1,
            faults: 0.0,
            token: None,
            read_only_token: None,
            rate_limit: RateLimit::default(),
            timings: None,
            lag: Lag::default(),
            quotas: Vec::new(),
            start: None,
            record: std::env::var_os("CLOUD_SIM_RECORD").map(PathBuf::from),
        }
    }
}

/// A leaky bucket, in simulated time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// The most requests that the bucket holds.
    pub limit: u32,
    /// How many come back in a second.
    pub per_second: f64,
    /// How many it holds at the start; `None` for all.
    pub initial: Option<u32>,
}

impl Default for RateLimit {
    /// 3,600 requests, one back in a second.
    fn default() -> Self {
        Self { limit: 3600, per_second: 1.0, initial: None }
    }
}
