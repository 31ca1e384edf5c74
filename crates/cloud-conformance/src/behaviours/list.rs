//! Listing: whole, once, and only what is asked for.

use cloud_types::{CloudProvider, CloudProviderExt, HostRuntime, ListHosts, Name};
use futures::TryStreamExt;
use futures::future::try_join_all;

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// All pages together show every host once: more hosts than a page holds where they cost nothing.
pub async fn lists_are_whole(case: &Case) -> Outcome {
    let count = if case.is_free().await { MORE_THAN_A_PAGE } else { 3 };
    let roles: Vec<_> = (0..count).map(|number| format!("page-{number}")).collect();
    let created = try_join_all(roles.iter().map(|role| case.create(role))).await?;
    case.settle().await;
    for query in [ListHosts::mine(), ListHosts::everyone()] {
        let seen = all(case.provider(), query.clone()).await?;
        for host in &created {
            let times = seen.iter().filter(|other| other.id == host.id).count();
            ensure!(times == 1, "the list {query:?} shows {} once; it shows it {times} times", host.name);
        }
    }
    Ok(())
}

/// A list shows the hosts of its own owner, and those of others only when asked for everybody's.
pub async fn owners_do_not_see_each_other(case: &Case) -> Outcome {
    let other = case.backend.other_owner().await;
    let mine = case.create("mine").await?;
    let theirs = other.create_host(&case.spec("theirs")).await.or_fail("another owner can create a host")?.into_host();
    case.settle().await;
    for (provider, own, foreign) in [(case.provider(), &mine, &theirs), (&*other, &theirs, &mine)] {
        let seen = all(provider, ListHosts::mine()).await?;
        ensure!(shows(&seen, own), "an owner's list shows its own host {}", own.name);
        ensure!(
            !shows(&seen, foreign),
            "an owner's list does not show another owner's host; it shows {}",
            foreign.name
        );
        let everyone = all(provider, ListHosts::everyone()).await?;
        ensure!(shows(&everyone, own) && shows(&everyone, foreign), "everybody's list shows both owners' hosts");
        let name = Name::new(&*foreign.name).or_fail("a host bears the name that it was given")?;
        let found = provider.find_host(&name).await.or_fail("looking for a name answers")?;
        ensure!(found.is_none(), "another owner's host is not found by its name; it found {found:?}");
    }
    Ok(())
}

/// A name finds its host and no other; a name that nobody bears finds none.
pub async fn a_host_is_found_by_its_name(case: &Case) -> Outcome {
    let host = case.create("find").await?;
    case.create("find-2").await?;
    case.settle().await;
    let found = all(case.provider(), ListHosts::mine().name(case.name("find"))).await?;
    ensure!(
        found.len() == 1 && found[0].id == host.id,
        "the name finds its host {} alone; it finds {found:?}",
        host.id
    );
    let nobody = all(case.provider(), ListHosts::mine().name(case.name("nobody"))).await?;
    ensure!(nobody.is_empty(), "a name that nobody bears finds nothing; it finds {nobody:?}");
    Ok(())
}

async fn all(provider: &dyn CloudProvider, query: ListHosts) -> Outcome<Vec<HostRuntime>> {
    provider.hosts(query).try_collect().await.or_fail("hosts can be listed")
}

fn shows(list: &[HostRuntime], host: &HostRuntime) -> bool {
    list.iter().any(|other| other.id == host.id)
}

/// More than any provider puts on one page by default.
const MORE_THAN_A_PAGE: usize = 60;
