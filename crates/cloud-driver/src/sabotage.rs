//! Breaking a promise on purpose, so that a test can show that somebody would see it broken.
//!
//! Only the feature `sabotage` makes it possible, which nothing but a test turns on. Without the feature no promise is ever
//! broken, and the compiler drops what stands behind the question. With it, a promise is broken in the whole process for as
//! long as the test holds [`Broken`]: such tests have a program of their own, and take turns in it.

/// A promise of this crate that a test can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "sabotage"), expect(unreachable_pub, reason = "it is public with the feature"))]
pub enum Promise {
    /// A launch whose outcome nobody knows is looked up before it is sent again. Broken: it is sent again at once.
    LookBeforeRepeat,
    /// Of several hosts of a name the oldest stays. Broken: the youngest does.
    OldestStays,
    /// A call whose host is not the oldest deletes it. Broken: it keeps it.
    LoserGoes,
    /// Whoever sees a younger host deletes it. Broken: it stays.
    YoungerGoes,
    /// New is what this very call made. Broken: whatever has the name is new.
    NewIsOwn,
    /// Nobody judges while an older host may be hidden. Broken: everybody judges at once.
    HiddenIsAwaited,
    /// What was just made is not taken for gone. Broken: it is.
    YoungIsNotGone,
    /// A create that certainly made no host removes what it made besides. Broken: it leaves it.
    FailureIsUndone,
    /// What a create made goes with the host. Broken: it stays.
    DependentsGo,
    /// What another host uses stays. Broken: it is removed.
    UsedStays,
    /// What the deleted host still holds is tried again. Broken: it is tried once.
    HeldIsAwaited,
    /// A delete that finds no host removes what is left of hosts. Broken: it does nothing.
    LeftoversGo,
    /// Deleting what is not there is success. Broken: it is `NotFound`.
    AbsentIsDeleted,
    /// What has a unique name is found where it is there. Broken: it is an error that the name is taken.
    TakenIsFound,
    /// A volume is looked at before a change and after an error. Broken: it is changed blindly.
    VolumeIsLookedAt,
    /// A snapshot is looked for before and after it is taken. Broken: it is taken blindly.
    SnapshotIsLookedFor,
    /// Every operation ends. Broken: it waits for its answers without a bound.
    OperationEnds,
    /// Who waits for a read that fails has its error. Broken: each reads again.
    FailureIsShared,
    /// Many who wait share a call. Broken: each makes its own.
    WaitersShareCalls,
}

/// Whether a test has broken this promise.
#[cfg(not(feature = "sabotage"))]
pub(crate) const fn is_broken(_: Promise) -> bool {
    false
}

#[cfg(feature = "sabotage")]
pub(crate) use switch::is_broken;
#[cfg(feature = "sabotage")]
pub use switch::{Broken, break_promise};

#[cfg(feature = "sabotage")]
mod switch {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Promise;

    /// The broken promise as its number and one; zero where all are kept.
    static BROKEN: AtomicU8 = AtomicU8::new(0);

    /// A promise that is broken until this is dropped.
    #[derive(Debug)]
    #[must_use = "the promise is kept again once this is dropped"]
    pub struct Broken(());

    /// Breaks a promise in the whole process.
    ///
    /// # Panics
    /// Where another one is broken already.
    pub fn break_promise(promise: Promise) -> Broken {
        let kept = BROKEN.compare_exchange(0, promise as u8 + 1, Ordering::SeqCst, Ordering::SeqCst);
        assert!(kept.is_ok(), "one promise is broken at a time");
        Broken(())
    }

    impl Drop for Broken {
        fn drop(&mut self) {
            BROKEN.store(0, Ordering::SeqCst);
        }
    }

    /// Whether a test has broken this promise.
    pub(crate) fn is_broken(promise: Promise) -> bool {
        BROKEN.load(Ordering::Relaxed) == promise as u8 + 1
    }
}
