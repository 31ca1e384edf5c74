//! Answer bodies: whole, or cut before their end.

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
    cut: Cut,
}

/// Whether a body breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Never,
    /// Once: what was given so far is flushed while the body is waited for.
    AfterFlush,
    Now,
}

impl ReplyBody {
    pub(crate) fn whole(data: Bytes) -> Self {
        Self { announced: data.len() as u64, data: Some(data).filter(|data| !data.is_empty()), cut: Cut::Never }
    }

    /// Announces all of `data` and sends half of it.
    pub(crate) fn cut(data: &Bytes) -> Self {
        Self { announced: data.len() as u64, data: Some(data.slice(..data.len() / 2)), cut: Cut::AfterFlush }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.cut {
            Cut::Never => Poll::Ready(None),
            Cut::AfterFlush => {
                self.cut = Cut::Now;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Now => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.cut == Cut::Never
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

/// Why a connection ends without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// It is closed in an orderly way.
    Closed,
    /// It is reset.
    Reset,
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Closed => "the connection is closed without an answer",
            Self::Reset => "the connection is reset",
        })
    }
}

impl std::error::Error for NoAnswer {}
