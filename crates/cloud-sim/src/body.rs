//! Answer bodies: whole, or cut before their end.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A body that is sent whole, or that breaks off while the client waits for more.
#[derive(Debug)]
pub(crate) struct ReplyBody {
    data: Option<Bytes>,
    announced: u64,
    cut: bool,
}

impl ReplyBody {
    pub(crate) fn whole(data: Bytes) -> Self {
        Self {
            announced: data.len() as u64,
            data: Some(data).filter(|data| !data.is_empty()),
            cut: false,
        }
    }

    /// Announces all of `data` and sends half of it.
    pub(crate) fn cut(data: &Bytes) -> Self {
        Self {
            announced: data.len() as u64,
            data: Some(data.slice(..data.len() / 2)),
            cut: true,
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.data.take() {
            Some(data) => Some(Ok(Frame::data(data))),
            None if self.cut => Some(Err(io::ErrorKind::ConnectionAborted.into())),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

/// Why a connection is closed without an answer.
#[derive(Debug)]
pub(crate) struct NoAnswer;

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is closed without an answer")
    }
}

impl std::error::Error for NoAnswer {}

impl From<Infallible> for NoAnswer {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
