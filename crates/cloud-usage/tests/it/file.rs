//! The log in a real file: it is there again after a restart and after a kill, and one process has it at a time.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cloud_types::ErrorKind;
use cloud_usage::{Appended, Change, Event, EventId, EventLog, FileLog};

use crate::common::{at, host};

/// A folder of its own, deleted in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cloud-usage-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("usage.redb")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn event(number: usize) -> Event {
    let id = EventId::new(format!("event-{number}")).unwrap();
    Event::new(id, at("2026-11-02T00:00:00Z"), host(), Change::Stopped)
}

#[tokio::test]
async fn events_are_there_when_the_file_is_opened_again() {
    let folder = Folder::new("again");
    let log = FileLog::open(folder.file()).await.unwrap();
    assert_eq!(
        log.append(&[event(1), event(2), event(1)]).await.unwrap(),
        [Appended::New, Appended::New, Appended::Repeated]
    );
    drop(log);
    let log = FileLog::open(folder.file()).await.unwrap();
    let found: Vec<_> = log.read(0, 10).await.unwrap().into_iter().map(|entry| (entry.position, entry.event)).collect();
    assert_eq!(found, [(1, event(1)), (2, event(2))]);
    let mut other = event(2);
    other.change = Change::Started;
    assert_eq!(log.append(&[event(3), other]).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(log.read(2, 10).await.unwrap(), []);
    let files = std::fs::read_dir(&folder.0).unwrap().count();
    assert_eq!(files, 1, "no draft stays");
}

#[tokio::test]
async fn a_second_opener_is_told_that_the_log_is_open() {
    let folder = Folder::new("second");
    let first = FileLog::open(folder.file()).await.unwrap();
    let error = FileLog::open(folder.file()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    drop(first);
    FileLog::open(folder.file()).await.unwrap();
}

#[tokio::test]
async fn what_is_no_log_is_not_touched() {
    let folder = Folder::new("other");
    std::fs::write(folder.file(), "some other file").unwrap();
    assert_eq!(FileLog::open(folder.file()).await.unwrap_err().kind(), ErrorKind::Unexpected);
    assert_eq!(std::fs::read(folder.file()).unwrap(), b"some other file");
    let nowhere = folder.0.join("absent").join("usage.redb");
    assert_eq!(FileLog::open(nowhere).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

/// Appends until it is killed, and says each event that was acknowledged. Run by the test below, in a process of its own.
#[tokio::test]
async fn child_that_appends_until_it_is_killed() {
    let Ok(path) = std::env::var("CLOUD_USAGE_TEST_LOG") else { return };
    let log = FileLog::open(path).await.unwrap();
    let first = log.read(0, usize::MAX).await.unwrap().len();
    for number in first.. {
        log.append(&[event(number)]).await.unwrap();
        println!("acknowledged {number}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = Folder::new("kill");
    let mut known = 0;
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "file::child_that_appends_until_it_is_killed", "--nocapture"])
            .env("CLOUD_USAGE_TEST_LOG", folder.file())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(std::result::Result::ok);
        let said = lines.filter(|line| line.contains("acknowledged")).take(7 * round);
        let acknowledged = said.last().and_then(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let log = FileLog::open(folder.file()).await.unwrap();
        let found = log.read(0, usize::MAX).await.unwrap();
        assert!(found.len() > acknowledged && found.len() > known, "round {round}");
        known = found.len();
        for (number, entry) in found.into_iter().enumerate() {
            assert_eq!(entry.event, event(number));
        }
    }
}
