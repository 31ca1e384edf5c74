//! Wrong input: refused with the right kind, and nothing is made.

use cloud_types::{
    Ability, CloudProviderExt, DataDisk, ErrorKind, GiB, HostSpec, Image, ListHosts, PageToken, Region, UserData, Zone,
};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// A spec that breaks a rule that the provider claims is refused by the name of the field, and nothing is made.
pub async fn a_broken_rule_is_refused_before_any_change(case: &Case) -> Outcome {
    let claims = case.provider().capabilities();
    let mut broken = Vec::new();
    if claims.can(Ability::UserData) {
        let long = "x".repeat(claims.user_data_bytes + 1);
        broken.push(("user_data", case.spec("data").user_data(UserData::new(long))));
    }
    if claims.can(Ability::DataDisk) {
        let huge = GiB(claims.data_disk.end().0.saturating_add(1));
        broken.push(("data_disk", case.spec("disk").data_disk(DataDisk::new(huge))));
    }
    let huge = claims.boot_disk.as_ref().map_or(GiB(20), |range| GiB(range.end().0.saturating_add(1)));
    broken.push(("boot_disk", case.spec("boot").boot_disk_size(huge)));
    let before = case.inventory().await?;
    for (field, spec) in broken {
        let error = refused(case, &spec, &format!("a spec whose {field} breaks the rule is refused")).await?;
        ensure!(error.field() == Some(field), "the error names the field {field}; it says: {error}");
    }
    case.holds_no_more_than(&before).await
}

/// A region, machine type or image that the provider does not have is refused by the name of the field, and nothing is made.
pub async fn an_unknown_region_machine_or_image_is_refused(case: &Case) -> Outcome {
    let before = case.inventory().await?;
    let mut nowhere = case.spec("region");
    nowhere.region = Region::new("no-such-region").expect("a well-formed name");
    nowhere.zone = None; // one of another region would be as wrong
    let mut nothing = case.spec("machine");
    nothing.machine = case.unknown_machine().into();
    let mut blank = case.spec("image");
    blank.image = Image::Id("no-such-image".to_owned());
    for (field, spec) in [("region", nowhere), ("machine", nothing), ("image", blank)] {
        let error = refused(case, &spec, &format!("an unknown {field} is refused")).await?;
        ensure!(error.field() == Some(field), "the error names the field {field}; it says: {error}");
    }
    case.holds_no_more_than(&before).await
}

/// A zone that the region does not have is refused.
pub async fn an_unknown_zone_is_refused(case: &Case) -> Outcome {
    let nowhere = Zone::new("no-such-zone").expect("a well-formed name");
    let error = refused(case, &case.spec("zone").zone(nowhere), "an unknown zone is refused").await?;
    ensure!(error.field() == Some("zone"), "the error names the field zone; it says: {error}");
    Ok(())
}

/// A page token that the provider did not write is refused.
pub async fn a_strange_page_token_is_refused(case: &Case) -> Outcome {
    let query = ListHosts::mine().page(PageToken::new("not a token of anybody's"));
    let listed = case.provider().list_hosts(&query).await;
    listed.refused_as(&[ErrorKind::InvalidRequest], "a page token from elsewhere is refused").map(|_| ())
}

/// The caller's labels come back as they were given, wherever the host is shown, and the workspace's own do not.
pub async fn labels_come_back_as_they_were_given(case: &Case) -> Outcome {
    let spec = ["role", "empty", "under_score"].into_iter().zip(["web-1", "", "a_b-c"]);
    let spec = spec.fold(case.spec("labels"), |spec, (key, value)| spec.label(key, value).expect("well-formed"));
    let given = spec.labels.clone().into();
    let host = case.running_as(&spec).await?;
    case.settle().await;
    let found = case.provider().find_host(&spec.name).await.or_fail("a host is found by its name")?;
    let again = case.provider().create_host(&spec).await.or_fail("the same spec finds the host")?.into_host();
    for shown in [Some(host), found, Some(again)].into_iter().flatten() {
        ensure!(shown.labels == given, "the labels are {given:?}; the host shows {:?}", shown.labels);
    }
    Ok(())
}

/// The refusal of a spec before anything is made; a field that it names is one of a spec.
async fn refused(case: &Case, spec: &HostSpec, expected: &str) -> Outcome<cloud_types::Error> {
    let created = case.provider().create_host(spec).await;
    let error = created.refused_as(&[ErrorKind::InvalidRequest], expected)?;
    let ours = error.field().is_none_or(|field| HostSpec::FIELDS.contains(&field));
    ensure!(ours, "an error names a field of the spec; it names {:?}", error.field());
    let found = case.provider().find_host(&spec.name).await.or_fail("looking for a name answers")?;
    ensure!(found.is_none(), "{expected} before a host is made; there is {found:?}");
    Ok(error)
}
