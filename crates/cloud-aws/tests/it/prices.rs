//! What the catalog asks and how it reads the answers: zones, machine types, offers, price list and spot prices.

mod answers;

use std::sync::Arc;

use answers::Answers;
use cloud_aws::{Aws, Config};
use cloud_types::{
    CloudProvider, ErrorKind, HostSpec, Image, Machine, Name, OfferingFilter, Pricing, Region, Requirements,
    ScaledClock, Zone,
};
use serde_json::{Value, json};

#[tokio::test]
async fn the_offerings_of_a_region_are_what_each_zone_has_at_its_price() {
    let (aws, asked) = answered();
    let offerings = aws.catalog().unwrap().offerings(&OfferingFilter::all().region(region())).await.unwrap();
    let mut lines: Vec<String> = offerings.iter().map(line).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "g6.xlarge eu-west-1a OnDemand 0.8838 USD L4",
            "t3.micro eu-west-1a OnDemand 0.0114 USD",
            "t3.micro eu-west-1a Spot 0.0042 USD",
            "t3.micro eu-west-1b OnDemand 0.0114 USD",
        ]
    );
    let types = asked.of("DescribeInstanceTypes");
    assert_eq!(types.len(), 2, "both pages are read");
    assert!(types[1].contains("NextToken=second"), "{}", types[1]);
    let spot = &asked.of("DescribeSpotPriceHistory")[0];
    assert!(spot.contains("ProductDescription.1=Linux%2FUNIX") && spot.contains("StartTime="), "{spot}");
    let offers = &asked.of("DescribeInstanceTypeOfferings")[0];
    assert!(offers.contains("LocationType=availability-zone"), "{offers}");
}

#[tokio::test]
async fn what_was_read_is_not_asked_for_again() {
    let (aws, asked) = answered();
    let filter = OfferingFilter::all().region(region()).requirements(Requirements::new().vcpus(2));
    for _ in 0..3 {
        aws.catalog().unwrap().offerings(&filter).await.unwrap();
    }
    let counts = ["DescribeInstanceTypes", "DescribeAvailabilityZones", "GetProducts"].map(|name| asked.of(name).len());
    assert_eq!(counts, [2, 1, 1]);
}

#[tokio::test]
async fn on_demand_offerings_ask_for_no_spot_price() {
    let (aws, asked) = answered();
    let filter = OfferingFilter::all().region(region()).pricing(Pricing::OnDemand);
    let offerings = aws.catalog().unwrap().offerings(&filter).await.unwrap();
    assert!(!offerings.is_empty() && offerings.iter().all(|offering| offering.pricing == Pricing::OnDemand));
    assert!(asked.of("DescribeSpotPriceHistory").is_empty());
}

#[tokio::test]
async fn the_price_list_is_filtered_to_plain_linux_in_one_region() {
    let (aws, asked) = answered();
    let filter = OfferingFilter::all().region(region()).pricing(Pricing::OnDemand);
    aws.catalog().unwrap().offerings(&filter).await.unwrap();
    let body: Value = serde_json::from_str(&asked.of("GetProducts")[0]).unwrap();
    assert_eq!(body["ServiceCode"], "AmazonEC2");
    let filters = body["Filters"].as_array().unwrap();
    let value = |field: &str| filters.iter().find(|filter| filter["Field"] == field).map(|filter| &filter["Value"]);
    for (field, wished) in [
        ("regionCode", "eu-west-1"),
        ("operatingSystem", "Linux"),
        ("tenancy", "Shared"),
        ("preInstalledSw", "NA"),
        ("capacitystatus", "Used"),
        ("operation", "RunInstances"),
    ] {
        assert_eq!(value(field), Some(&json!(wished)), "{field}");
    }
    assert!(filters.iter().all(|filter| filter["Type"] == "TERM_MATCH"));
}

#[tokio::test]
async fn a_host_is_estimated_item_by_item_with_few_calls() {
    let (aws, asked) = answered();
    let estimate = aws.catalog().unwrap().estimate(&spec("t3.micro")).await.unwrap();
    let items: Vec<String> =
        estimate.items().iter().map(|item| format!("{} {}", item.kind, item.description)).collect();
    assert_eq!(items, ["machine t3.micro", "boot disk gp3 (8 GiB)", "address IPv4 address"]);
    // 0.0114 + 8 × 0.088 ÷ 730 + 0.005, and stopped the disk alone.
    assert_eq!(estimate.hourly_running().amount.round_dp(6).to_string(), "0.017364");
    assert_eq!(estimate.monthly_stopped().to_string(), "0.704 USD");
    for operation in ["DescribeInstanceTypes", "DescribeInstanceTypeOfferings"] {
        let bodies = asked.of(operation);
        assert_eq!(bodies.len(), 1, "{operation}");
        assert!(bodies[0].contains("Filter.1.Name=instance-type&Filter.1.Value.1=t3.micro"), "{}", bodies[0]);
    }
}

#[tokio::test]
async fn a_machine_without_a_price_is_not_estimated_as_free() {
    let (aws, _) = answered();
    let error = aws.catalog().unwrap().estimate(&spec("m7i.large")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    assert!(error.message().contains("m7i.large"), "{error}");
}

#[tokio::test]
async fn a_machine_type_that_is_not_there_is_refused_by_field() {
    let (aws, _) = answered();
    let error = aws.catalog().unwrap().estimate(&spec("t9.huge")).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidRequest, Some("machine")));
}

#[tokio::test]
async fn a_region_that_is_not_there_is_asked_nothing() {
    let (aws, asked) = answered();
    let nowhere = OfferingFilter::all().region(Region::new("no-such-region").unwrap());
    let error = aws.catalog().unwrap().offerings(&nowhere).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidRequest, Some("region")));
    assert!(asked.is_empty());
}

#[tokio::test]
async fn a_disk_class_is_priced_and_one_without_a_price_is_not_listed() {
    let (aws, _) = answered();
    let classes = aws.catalog().unwrap().disk_classes().await.unwrap();
    let line = |class: &cloud_types::DiskClassInfo| format!("{:?} {} {}", class.class, class.name, class.gib_month);
    let lines: Vec<String> = classes.iter().map(line).collect();
    assert_eq!(lines, ["Standard gp3 0.088 USD", "Performance gp3 0.088 USD"]);
}

#[tokio::test]
async fn a_region_has_its_zones_and_words_for_people() {
    let (aws, _) = answered();
    let regions = aws.catalog().unwrap().regions().await.unwrap();
    assert_eq!(regions.len(), 1);
    assert_eq!(regions[0].description, "Europe (Ireland)");
    let zones: Vec<&str> = regions[0].zones.iter().map(Zone::as_str).collect();
    assert_eq!(zones, ["eu-west-1a", "eu-west-1b"]);
}

fn line(offering: &cloud_types::Offering) -> String {
    let zone = offering.zone.as_ref().map_or("", |zone| zone.as_str());
    let gpu = offering.machine_type.gpu.as_ref().map(|gpu| format!(" {}", gpu.model)).unwrap_or_default();
    format!("{} {zone} {:?} {}{gpu}", offering.machine_type.name, offering.pricing, offering.hourly)
}

fn region() -> Region {
    Region::new("eu-west-1").expect("a region")
}

fn spec(machine: &str) -> HostSpec {
    let machine = Machine::named(machine).expect("a machine type");
    HostSpec::new(Name::new("web").expect("a name"), region(), machine, Image::ubuntu("24.04"))
}

/// A provider of one region whose requests are answered by what they ask for, and what was asked.
fn answered() -> (Aws, Arc<Answers>) {
    let answers = Arc::new(Answers::default());
    let aws = Config::new()
        .access_key("AKIAEXAMPLE", "secret")
        .endpoint("http://aws.test")
        .regions([region()])
        .clock(Arc::new(ScaledClock::new(1000.0)))
        .transport(answers.clone())
        .build()
        .expect("a provider");
    (aws, answers)
}
