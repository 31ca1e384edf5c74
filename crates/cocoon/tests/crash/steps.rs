//! `kill -9` of each command at each step that it takes, one after the other.

use crate::operation::Operation;
use crate::support::kill_at_every_step;
use crate::world::World;

fn at_every_step(operation: Operation, at_least: u64) {
    let Some(world) = World::new() else { return };
    let arguments = operation.arguments(&world);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let check = || {
        operation.check(&world);
        world.clear();
    };
    kill_at_every_step(&world.here, &arguments, at_least, || operation.prepare(&world), check);
}

macro_rules! steps {
    ($($name:ident: $operation:ident $at_least:literal,)*) => {
        $(
            #[test]
            fn $name() {
                at_every_step(Operation::$operation, $at_least);
            }
        )*
    };
}

steps! {
    a_pull_from_an_address_may_be_killed_at_every_step: PullAddress 8,
    a_pull_from_a_registry_may_be_killed_at_every_step: PullRegistry 8,
    a_collection_may_be_killed_at_every_step: Collect 8,
    a_create_may_be_killed_at_every_step: Create 6,
    a_start_may_be_killed_at_every_step: Start 10,
    a_stop_may_be_killed_at_every_step: Stop 10,
    the_end_of_a_snapshot_may_be_killed_at_every_step: SnapshotRemove 4,
    a_removal_may_be_killed_at_every_step: Remove 4,
    a_removal_of_a_vm_that_runs_may_be_killed_at_every_step: RemoveRunning 5,
}
