//! The further abilities of the provider under test, where it claims them.

use cloud_types::{Catalog, Console, Snapshots, SshKeys, Sweep, Volumes};

use crate::{Case, Outcome, Stop};

macro_rules! accessors {
    ($($name:ident: $ability:ident,)*) => {
        impl Case {$(
            pub(crate) fn $name(&self) -> Outcome<&dyn $ability> {
                let nothing = || Stop::Failed(format!("what is claimed is there; {}() gives nothing", stringify!($name)));
                self.provider().$name().ok_or_else(nothing)
            }
        )*}
    };
}

accessors! {
    snapshots: Snapshots,
    ssh_keys: SshKeys,
    volumes: Volumes,
    catalog: Catalog,
    console: Console,
    sweep: Sweep,
}
