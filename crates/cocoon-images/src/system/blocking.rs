//! Work on files, away from the runtime's threads.

/// Runs `work` on a thread that may block.
///
/// What `work` owns it keeps until its end, also where the caller is dropped meanwhile: locks belong there.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime shuts down; whoever waits here is about to be dropped.
            Err(_) => std::future::pending().await,
        },
    }
}
