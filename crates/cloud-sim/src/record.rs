//! Exchanges written to a file, for a later check against the API's description.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exchange {
    /// The provider whose face answered.
    pub face: String,
    /// The request's method.
    pub method: String,
    /// The request's path, below the API's base path.
    pub path: String,
    /// The path as the API's description writes it.
    pub path_template: String,
    /// The query's pairs.
    pub query: Vec<(String, String)>,
    /// The request's body; a form as an object of texts; `Null` where there was none or it was neither.
    pub request_body: Value,
    /// The answer's status.
    pub status: u16,
    /// The answer's body; XML as its text; `Null` where there was none or it was neither.
    pub response_body: Value,
    /// The fault that the request met.
    pub fault: Option<String>,
}

/// Appends exchanges to a file, whole lines at a time.
#[derive(Debug)]
pub(crate) struct Recorder(Mutex<File>);

impl Recorder {
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self(Mutex::new(file)))
    }

    /// A line that cannot be written is lost: recording must not change what is recorded.
    pub(crate) fn write(&self, exchange: &Exchange) {
        let Ok(mut line) = serde_json::to_vec(exchange) else {
            return;
        };
        line.push(b'\n');
        let mut file = self.0.lock().expect("no holder of this lock panics");
        if let Err(error) = file.write_all(&line) {
            tracing::warn!(%error, "an exchange was not recorded");
        }
    }
}
