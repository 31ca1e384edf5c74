//! Hosts on a cloud that loses answers, fills up and is used by many at once.

use std::sync::Arc;
use std::time::Duration;

use cloud_local::{Config, Fault, FaultKind, Local, Operation};
use cloud_types::{
    CloudProvider, CloudProviderExt, Created, ErrorKind, HostState, InboundPort, Owner, ResourceKind, ScaledClock,
    StopMode, Wait,
};

use crate::common::{minute, spec};

fn slow() -> Local {
    Config::default().clock(Arc::new(ScaledClock::new(1.0))).build().expect("valid settings")
}

#[tokio::test(start_paused = true)]
async fn a_host_goes_through_its_states() {
    let local = slow();
    let created = local.create_host(&spec("web")).await.unwrap().into_host();
    assert_eq!(created.state, HostState::Provisioning);
    let host = local.wait_ready(&created.id, minute()).await.unwrap();
    assert_eq!((host.state, host.id.clone()), (HostState::Running, created.id));
    local.stop_host(&host.id, StopMode::Graceful).await.unwrap();
    local.wait_for_state(&host.id, HostState::Stopped, minute()).await.unwrap();
    local.start_host(&host.id).await.unwrap();
    local.wait_for_state(&host.id, HostState::Running, minute()).await.unwrap();
    local.restart_host(&host.id).await.unwrap();
    local.delete_and_wait(&host.id, minute()).await.unwrap();
    assert!(local.inspect().is_empty(), "{:?}", local.inspect());
}

#[tokio::test(start_paused = true)]
async fn a_read_that_stalls_does_not_end_a_wait_that_has_time() {
    let local = slow();
    let id = local.create_host(&spec("web")).await.unwrap().into_host().id;
    let day = Duration::from_secs(24 * 3600);
    let stall = || local.inject(Fault::new(FaultKind::Slow(day), Operation::GetHost));
    stall();
    local.wait_for_state(&id, HostState::Running, Wait::within(day)).await.unwrap();
    stall();
    local.wait_ready(&id, Wait::within(day)).await.unwrap();
}

#[tokio::test]
async fn every_fault_on_create_leaves_one_host() {
    for fault in [
        FaultKind::AnswerLost,
        FaultKind::ResetBefore,
        FaultKind::RateLimited,
        FaultKind::UnavailableBefore,
        FaultKind::UnavailableAfter,
        FaultKind::Slow(Duration::from_secs(5)),
    ] {
        let local = Config::instant().clock(Arc::new(ScaledClock::new(100.0))).build().unwrap();
        local.inject(Fault::new(fault, Operation::CreateHost).times(2));
        let created = local.create_host(&spec("web")).await.unwrap();
        assert!(matches!(created, Created::New(_)), "{fault:?}");
        assert_eq!(local.inspect().hosts.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_under_lag_makes_no_second_host() {
    let lag = Duration::from_secs(3);
    for seed in 0..20 {
        let clock = Arc::new(ScaledClock::new(1000.0));
        let local = Config::instant().clock(clock).seed(seed).lag(lag).build().unwrap();
        local.inject(Fault::new(FaultKind::AnswerLost, Operation::CreateHost));
        let host = local.create_host(&spec("web")).await.unwrap().into_host();
        assert_eq!(local.inspect().hosts.len(), 1, "seed {seed}");
        assert!(local.get_host(&host.id).await.is_ok(), "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_that_race_on_one_name_end_with_one_host() {
    for (seed, lag) in [(1, 0), (2, 500), (3, 500)] {
        let clock = Arc::new(ScaledClock::new(100.0));
        let config = Config::instant().clock(clock).seed(seed).lag(Duration::from_millis(lag));
        let local = config.build().unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let process = local.another_process();
                tokio::spawn(async move { process.create_host(&spec("web")).await.unwrap().into_host().id })
            })
            .collect();
        let mut ids = Vec::new();
        for task in tasks {
            ids.push(task.await.unwrap());
        }
        ids.dedup();
        assert_eq!((ids.len(), local.inspect().hosts.len()), (1, 1), "seed {seed}, lag {lag}");
    }
}

#[tokio::test]
async fn a_quota_and_a_sold_out_zone_are_told_apart() {
    let config = Config::instant().quota(ResourceKind::Host, 1).sold_out("local-b", "small");
    let local = config.build().unwrap();
    let mut elsewhere = spec("db");
    elsewhere.region = cloud_types::Region::new("local-b").unwrap();
    assert_eq!(local.create_host(&elsewhere).await.unwrap_err().kind(), ErrorKind::NoCapacity);
    local.create_host(&spec("web")).await.unwrap();
    assert_eq!(local.create_host(&spec("web-2")).await.unwrap_err().kind(), ErrorKind::QuotaExceeded);
    assert!(matches!(local.create_host(&spec("web")).await.unwrap(), Created::Existing(_)));
}

#[tokio::test]
async fn a_full_zone_is_passed_over_unless_it_is_asked_for() {
    let local = Config::instant().sold_out("local-a-1", "small").build().unwrap();
    let host = local.create_host(&spec("web")).await.unwrap().into_host();
    assert_eq!(host.zone.unwrap().as_str(), "local-a-2");
    let asked = spec("db").zone("local-a-1".parse().unwrap());
    assert_eq!(local.create_host(&asked).await.unwrap_err().kind(), ErrorKind::NoCapacity);
}

#[tokio::test]
async fn owners_share_an_account_without_seeing_each_other() {
    let local = Config::instant().build().unwrap();
    let other = local.with_owner(Owner::new("other").unwrap());
    let mine = local.create_host(&spec("web")).await.unwrap().into_host();
    let theirs = other.create_host(&spec("web")).await.unwrap().into_host();
    assert_ne!(mine.id, theirs.id);
    assert_eq!(local.find_host(&"web".parse().unwrap()).await.unwrap().unwrap().id, mine.id);
    assert_eq!(local.inspect().hosts_named("other", "web"), 1);
}

#[tokio::test]
async fn a_hosts_own_firewall_goes_with_it() {
    let local = Config::instant().build().unwrap();
    let spec = spec("web").inbound(InboundPort::tcp(443).unwrap());
    let host = local.create_host(&spec).await.unwrap().into_host();
    assert_eq!(local.inspect().counts[&ResourceKind::Firewall], 1);
    local.delete_host(&host.id).await.unwrap();
    assert!(local.inspect().is_empty(), "{:?}", local.inspect());
}

#[tokio::test]
async fn faults_by_chance_neither_lose_nor_double_hosts() {
    let clock = Arc::new(ScaledClock::new(1000.0));
    let local = Config::instant().clock(clock).seed(11).faults(0.2).build().unwrap();
    for number in 0..40 {
        let spec = spec(&format!("web-{number}"));
        while local.create_host(&spec).await.is_err() {}
    }
    let seen = local.inspect();
    assert_eq!((seen.hosts.len(), seen.duplicates().len()), (40, 0));
    assert!(seen.faults > 10, "{seen:?}");
    for host in seen.hosts {
        while local.delete_host(&host.id).await.is_err() {}
    }
    assert!(local.inspect().is_empty(), "{:?}", local.inspect());
}

#[tokio::test]
async fn a_dropped_create_is_adopted_by_its_repeat() {
    let clock = Arc::new(ScaledClock::new(100.0));
    let config = Config::instant().latency(Duration::from_millis(200)).clock(clock);
    for patience in 1..15 {
        let local = config.clone().build().unwrap();
        let spec = spec("web");
        let cut = Duration::from_millis(patience);
        let _ = tokio::time::timeout(cut, local.create_host(&spec)).await;
        local.another_process().create_host(&spec).await.unwrap();
        assert_eq!(local.inspect().hosts.len(), 1, "dropped after {cut:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_last_look_takes_long_leaves_no_second_host() {
    for seed in 0..20 {
        let config = Config::default().clock(Arc::new(ScaledClock::new(1.0))).seed(seed);
        let local = config.lag(Duration::from_secs(3)).build().unwrap();
        local.inject(Fault::new(FaultKind::Slow(Duration::from_secs(8)), Operation::CreateHost));
        let slow = tokio::spawn({
            let local = local.clone();
            async move { local.create_host(&spec("web")).await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        local.another_process().create_host(&spec("web")).await.unwrap();
        local.inject(Fault::new(FaultKind::Slow(Duration::from_secs(5)), Operation::GetHost));
        while local.inspect().hosts.len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_secs(4)).await;
        local.create_host(&spec("other")).await.unwrap();
        slow.await.unwrap().unwrap();
        let seen = local.inspect();
        let alive = seen.hosts.iter().filter(|host| host.name == "web" && host.state != HostState::Deleting);
        assert_eq!(alive.count(), 1, "{seed}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_create_that_is_dropped_at_its_end_leaves_no_second_host() {
    for seed in 0..20 {
        let config = Config::default().clock(Arc::new(ScaledClock::new(1.0))).seed(seed);
        let local = config.lag(Duration::from_secs(3)).build().unwrap();
        local.inject(Fault::new(FaultKind::Slow(Duration::from_secs(8)), Operation::CreateHost));
        let slow = tokio::spawn({
            let local = local.clone();
            async move { local.create_host(&spec("web")).await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        let first = local.another_process().create_host(&spec("web")).await.unwrap().into_host();
        while local.inspect().hosts.len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        slow.abort();
        let repeated = local.create_host(&spec("web")).await.unwrap();
        assert_eq!(repeated.host().id, first.id, "{seed}");
        let there = local.inspect().hosts;
        assert_eq!(there.iter().filter(|host| host.state != HostState::Deleting).count(), 1, "{seed}: {there:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_gives_up_when_the_cloud_is_down_for_long() {
    let clock = Arc::new(ScaledClock::new(1.0));
    let local = Config::instant().clock(clock.clone()).patience(Duration::from_secs(5)).build().unwrap();
    local.inject(Fault::new(FaultKind::ResetBefore, Operation::CreateHost).times(1000));
    let error = local.create_host(&spec("web")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert!(cloud_types::Clock::monotonic(&*clock) <= Duration::from_secs(7));
}

#[tokio::test]
async fn pages_show_every_host_once() {
    let local = Config::instant().page_size(3).build().unwrap();
    for number in 0..10 {
        local.create_host(&spec(&format!("web-{number}"))).await.unwrap();
    }
    let hosts: Vec<_> = futures::StreamExt::collect(local.hosts(cloud_types::ListHosts::mine())).await;
    let mut names: Vec<_> = hosts.into_iter().map(|host| host.unwrap().name).collect();
    names.dedup();
    assert_eq!(names.len(), 10);
    let wrong = cloud_types::ListHosts::mine().page(cloud_types::PageToken::new("nonsense"));
    assert_eq!(local.list_hosts(&wrong).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_host_that_is_being_deleted_makes_way_for_its_successor() {
    let clock = Arc::new(ScaledClock::new(100.0));
    let timings =
        cloud_local::world::Timings { delete: Duration::from_secs(2), ..cloud_local::world::Timings::instant() };
    let local = Config::instant().clock(clock).timings(timings).build().unwrap();
    let first = local.create_host(&spec("web")).await.unwrap().into_host();
    local.delete_host(&first.id).await.unwrap();
    let second = local.create_host(&spec("web")).await.unwrap();
    assert!(matches!(&second, Created::New(host) if host.id != first.id));
    assert_eq!(local.inspect().hosts.len(), 1);
}
