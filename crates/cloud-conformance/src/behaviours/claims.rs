//! Claims: what is claimed is there, and what is not is refused.

use cloud_types::{
    Ability, DataDisk, ErrorKind, HostSpec, Image, InboundPort, Machine, Pricing, PublicNetwork, Requirements,
    ResizeDisk, Result, SnapshotId, StopMode, UserData, Zone,
};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// Each ability that is reached through the provider is there exactly where it is claimed.
pub async fn an_ability_is_there_where_it_is_claimed(case: &Case) -> Outcome {
    let (provider, claims) = (case.provider(), case.provider().capabilities());
    let reached = [
        ("resize", claims.can(Ability::Resize), provider.resize().is_some()),
        ("snapshots", claims.can(Ability::Snapshots), provider.snapshots().is_some()),
        ("ssh_keys", claims.can(Ability::SshKeys), provider.ssh_keys().is_some()),
        ("volumes", claims.can(Ability::Volumes), provider.volumes().is_some()),
        ("catalog", claims.can(Ability::Catalog), provider.catalog().is_some()),
        ("console", claims.can(Ability::Console) || claims.can(Ability::ConsoleOutput), provider.console().is_some()),
        ("sweep", claims.can(Ability::Sweep), provider.sweep().is_some()),
    ];
    for (name, claimed, there) in reached {
        ensure!(
            claimed == there,
            "{name}() gives something exactly where it is claimed: claimed {claimed}, there {there}"
        );
    }
    Ok(())
}

/// What is not claimed is refused as unsupported, and nothing is made.
pub async fn an_unclaimed_ability_is_refused(case: &Case) -> Outcome {
    let claims = case.provider().capabilities();
    for (ability, words) in Ability::ALL {
        if claims.can(ability) {
            continue;
        }
        let Some(answer) = attempt(case, ability).await? else { continue };
        let kinds: &[ErrorKind] = match ability {
            // Where GPUs are not sold, a wish for one is also a wish that nothing on sale meets.
            Ability::Gpus => &[ErrorKind::Unsupported, ErrorKind::InvalidRequest],
            _ => &[ErrorKind::Unsupported],
        };
        answer.refused_as(kinds, format!("{words}, which is not claimed, is refused"))?;
    }
    Ok(())
}

/// Tries what is not claimed; nothing where only its accessor could lead there.
async fn attempt(case: &Case, ability: Ability) -> Outcome<Option<Result<()>>> {
    let spec = case.spec("unclaimed");
    let spec = match ability {
        Ability::GracefulStop => {
            let host = case.running("graceful").await?;
            return Ok(Some(case.provider().stop_host(&host.id, StopMode::Graceful).await));
        }
        Ability::GrowBootDisk => return grow(case).await,
        Ability::Console | Ability::ConsoleOutput => return console(case, ability).await,
        Ability::Snapshots => booting(spec, Image::Snapshot(SnapshotId::new("1"))),
        Ability::DataDisk => spec.data_disk(DataDisk::new(*case.provider().capabilities().data_disk.start())),
        Ability::UserData => spec.user_data(UserData::new("#cloud-config\n")),
        Ability::InboundPorts => spec.inbound(InboundPort::tcp(22).expect("22 is a port")),
        Ability::Ipv6 => spec.public_network(PublicNetwork::BOTH),
        Ability::WithoutIpv4 => spec.public_network(PublicNetwork::NONE),
        Ability::Zones => spec.zone(Zone::new("zone-1").expect("a well-formed name")),
        Ability::Spot => spec.pricing(Pricing::Spot),
        Ability::Gpus => on(spec, Requirements::new().gpu("any", 1)),
        _ => return Ok(None),
    };
    Ok(Some(case.provider().create_host(&spec).await.map(|_| ())))
}

async fn grow(case: &Case) -> Outcome<Option<Result<()>>> {
    let Some(resize) = case.provider().resize() else { return Ok(None) };
    let host = case.stopped("grow").await?;
    Ok(Some(resize.resize_host(&host.id, &case.backend.larger_machine(), ResizeDisk::GrowForever).await))
}

async fn console(case: &Case, ability: Ability) -> Outcome<Option<Result<()>>> {
    let Some(console) = case.provider().console() else { return Ok(None) };
    let host = case.running("console").await?;
    Ok(Some(match ability {
        Ability::Console => console.open_console(&host.id).await.map(|_| ()),
        _ => console.console_output(&host.id).await.map(|_| ()),
    }))
}

fn booting(mut spec: HostSpec, image: Image) -> HostSpec {
    spec.image = image;
    spec
}

fn on(mut spec: HostSpec, machine: impl Into<Machine>) -> HostSpec {
    spec.machine = machine.into();
    spec
}
