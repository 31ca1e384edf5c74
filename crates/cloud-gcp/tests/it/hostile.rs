//! Answers that no good server gives: always an error, never a panic, a hang or a flood.

use cloud_conformance::simulated::{
    a_hostile_server_is_answered_with_an_error, a_wrong_type_is_told_without_its_value, bad_ids_are_not_sent,
};

use crate::subject::Simulated;

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_call_answers_a_hostile_server_with_an_error() {
    a_hostile_server_is_answered_with_an_error(Simulated::EPHEMERAL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_tells_the_field_but_not_what_was_in_it() {
    a_wrong_type_is_told_without_its_value(Simulated::EPHEMERAL, "expected").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_is_not_sent() {
    let ids = ["", "abc", "a/../b", "a/b/-1", "a/b/999999999999999999999", "a/b/１", "A/b", "a/b/1/2"];
    bad_ids_are_not_sent(Simulated::EPHEMERAL, &ids).await;
}
