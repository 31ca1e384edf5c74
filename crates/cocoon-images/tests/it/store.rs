//! A store of images in a directory of its own.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloud_types::Error;
use cocoon_images::{ImageLimits, Images, Pull, Pulled};

/// Removed when it is dropped.
pub(crate) struct Store {
    pub(crate) root: PathBuf,
    pub(crate) images: Images,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self::with(quick())
    }

    pub(crate) fn with(limits: ImageLimits) -> Self {
        let root = std::env::temp_dir().join(format!("cocoon-images-{:016x}", fastrand::u64(..)));
        Self { images: Images::new(&root).limits(limits), root }
    }

    pub(crate) async fn get(&self, image: &str) -> Result<Pulled, Error> {
        self.images.pull(&Pull::new(image)).await
    }

    /// All files but the lock, which is there for good.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.root, &mut found);
        found.retain(|path| path.file_name().unwrap() != "lock");
        found
    }

    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.files(), Vec::<PathBuf>::new());
    }
}

impl Deref for Store {
    type Target = Images;

    fn deref(&self) -> &Images {
        &self.images
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => walk(&path, found),
            path => found.push(path),
        }
    }
}

/// Limits with which no test waits.
pub(crate) fn quick() -> ImageLimits {
    let mut limits = ImageLimits::default();
    limits.pause = Duration::ZERO;
    limits.deadline = Duration::from_secs(60);
    limits.silence = Duration::from_secs(20);
    limits
}
