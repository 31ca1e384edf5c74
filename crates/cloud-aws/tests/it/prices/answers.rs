//! A transport that answers by what is asked for: EC2's lists in XML, and the price list in JSON.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use cloud_http::{Body, SendError, Transport};
use serde_json::{Value, json};

/// Operations that were asked for, with the bodies of the requests.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<Vec<(String, String)>>);

impl Answers {
    /// The bodies of the requests for an operation.
    pub(crate) fn of(&self, operation: &str) -> Vec<String> {
        let asked = self.asked();
        asked.iter().filter(|(name, _)| name == operation).map(|(_, body)| body.clone()).collect()
    }

    fn asked(&self) -> MutexGuard<'_, Vec<(String, String)>> {
        self.0.lock().expect("no test panics while it holds the lock")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.asked().is_empty()
    }
}

#[async_trait]
impl Transport for Answers {
    async fn send(&self, request: http::Request<Bytes>, _: usize) -> Result<http::Response<Body>, SendError> {
        let body = String::from_utf8(request.body().to_vec()).expect("a body of text");
        let target = request.headers().get("x-amz-target").map(|target| target.to_str().expect("a header of text"));
        let operation = match target {
            Some(target) => target.rsplit('.').next(),
            None => field(&body, "Action"),
        };
        let operation = operation.expect("a request names its operation").to_owned();
        let answer = match operation.as_str() {
            "GetProducts" => products(&serde_json::from_str(&body).expect("a body of JSON")).to_string(),
            _ => format!(
                "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>{}\
                 </{operation}Response>",
                described(&operation, &body)
            ),
        };
        self.asked().push((operation, body));
        Ok(http::Response::new(Body::Whole(answer.into())))
    }
}

fn field<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    body.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

fn described(operation: &str, body: &str) -> String {
    let only = field(body, "Filter.1.Value.1");
    match operation {
        "DescribeAvailabilityZones" => zones(),
        // The last of two pages, or the one of a name.
        "DescribeInstanceTypes" if only.is_some() || field(body, "NextToken") == Some("second") => {
            let types = ["t3.micro", "m7i.large"].into_iter().filter(|name| only.is_none_or(|only| only == *name));
            format!(
                "<instanceTypeSet>{}</instanceTypeSet>",
                types.map(|name| machine_type(name, "")).collect::<String>()
            )
        }
        "DescribeInstanceTypes" => {
            let gpu = "<gpuInfo><gpus><item><name>L4</name><manufacturer>NVIDIA</manufacturer><count>1</count>\
                       <memoryInfo><sizeInMiB>22888</sizeInMiB></memoryInfo></item></gpus></gpuInfo>";
            let machine = machine_type("g6.xlarge", gpu);
            format!("<instanceTypeSet>{machine}</instanceTypeSet><nextToken>second</nextToken>")
        }
        "DescribeInstanceTypeOfferings" => offers(only),
        "DescribeSpotPriceHistory" => spot_prices(),
        "DescribeImages" => images(),
        "DescribeSubnets" => subnets(),
        other => panic!("nothing is known of {other}"),
    }
}

/// Two zones of the region, and one in a city.
fn zones() -> String {
    let zone = |(name, kind): (&str, &str)| {
        format!(
            "<item><zoneName>{name}</zoneName><zoneState>available</zoneState><zoneType>{kind}</zoneType>\
             <groupLongName>Europe (Ireland) 1</groupLongName><regionName>eu-west-1</regionName></item>"
        )
    };
    let own = "availability-zone";
    let zones = [("eu-west-1b", own), ("eu-west-1a", own), ("eu-west-1-x-1a", "local-zone")];
    format!("<availabilityZoneInfo>{}</availabilityZoneInfo>", zones.map(zone).concat())
}

fn subnets() -> String {
    let subnet = |zone: &str| {
        format!(
            "<item><subnetId>subnet-0{zone}</subnetId><vpcId>vpc-01</vpcId><state>available</state>\
             <availabilityZone>eu-west-1{zone}</availabilityZone><defaultForAz>true</defaultForAz></item>"
        )
    };
    format!("<subnetSet>{}</subnetSet>", ["a", "b"].map(subnet).concat())
}

fn machine_type(name: &str, gpu: &str) -> String {
    format!(
        "<item><instanceType>{name}</instanceType><currentGeneration>true</currentGeneration>\
         <supportedUsageClasses><item>on-demand</item><item>spot</item></supportedUsageClasses>\
         <processorInfo><supportedArchitectures><item>x86_64</item></supportedArchitectures></processorInfo>\
         <vCpuInfo><defaultVCpus>2</defaultVCpus></vCpuInfo><memoryInfo><sizeInMiB>1024</sizeInMiB></memoryInfo>{gpu}</item>"
    )
}

fn offers(only: Option<&str>) -> String {
    let offers = [
        ("t3.micro", "eu-west-1a"),
        ("t3.micro", "eu-west-1b"),
        ("t3.micro", "eu-west-1-x-1a"),
        ("g6.xlarge", "eu-west-1a"),
        ("m7i.large", "eu-west-1a"),
    ];
    let offers = offers.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name));
    let offer = |(name, zone): (&str, &str)| {
        format!(
            "<item><instanceType>{name}</instanceType><locationType>availability-zone</locationType>\
             <location>{zone}</location></item>"
        )
    };
    format!("<instanceTypeOfferingSet>{}</instanceTypeOfferingSet>", offers.map(offer).collect::<String>())
}

/// A price of now, and one that held before.
fn spot_prices() -> String {
    let price = |(price, time): (&str, &str)| {
        format!(
            "<item><instanceType>t3.micro</instanceType><productDescription>Linux/UNIX</productDescription>\
             <spotPrice>{price}</spotPrice><timestamp>{time}</timestamp>\
             <availabilityZone>eu-west-1a</availabilityZone></item>"
        )
    };
    let prices = [("0.004200", "2026-11-21T01:02:03.000Z"), ("0.005100", "2026-11-20T01:02:03.000Z")];
    format!("<spotPriceHistorySet>{}</spotPriceHistorySet><nextToken></nextToken>", prices.map(price).concat())
}

fn images() -> String {
    let image = |(id, date): (&str, &str)| {
        format!(
            "<item><imageId>{id}</imageId><imageState>available</imageState><architecture>x86_64</architecture>\
             <rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/sda1</rootDeviceName>\
             <creationDate>{date}</creationDate><blockDeviceMapping><item><deviceName>/dev/sda1</deviceName>\
             <ebs><volumeSize>8</volumeSize><snapshotId>snap-01</snapshotId></ebs></item></blockDeviceMapping></item>"
        )
    };
    let images = [("ami-0a", "2026-11-01T01:02:03.000Z"), ("ami-0b", "2026-10-01T01:02:03.000Z")];
    format!("<imagesSet>{}</imagesSet>", images.map(image).concat())
}

/// What the price list has of what the filters ask for, and some that they ask not for: it is looked at again.
fn products(request: &Value) -> Value {
    let wanted = |field: &str| {
        let filters = request["Filters"].as_array().expect("a list of filters");
        let filter = filters.iter().find(|filter| filter["Field"] == field)?;
        filter["Value"].as_str().map(str::to_owned)
    };
    let list = match (wanted("productFamily").as_deref(), wanted("group").as_deref()) {
        (Some("Storage"), _) => {
            let disk = json!({"volumeApiName": "gp3", "usagetype": "EU-EBS:VolumeUsage.gp3"});
            vec![product(Some("Storage"), &disk, "GB-Mo", "0.0880000000")]
        }
        (Some(_), _) => Vec::new(),
        (None, Some(group)) => {
            let address = json!({"group": group, "usagetype": "EU-PublicIPv4:InUseAddress"});
            vec![product(None, &address, "Hrs", "0.0050000000")]
        }
        (None, None) => {
            let only = wanted("instanceType");
            let all = [
                ("t3.micro", "0.0114000000", json!({})),
                ("t3.micro", "0.0206000000", json!({"operatingSystem": "Windows"})),
                ("t3.micro", "0.0000000000", json!({"capacitystatus": "AllocatedCapacityReservation"})),
                ("g6.xlarge", "0.8838000000", json!({})),
            ];
            let all = all.into_iter().filter(|(name, ..)| only.as_deref().is_none_or(|only| only == *name));
            all.map(|(name, price, over)| machine(name, price, &over)).collect()
        }
    };
    json!({"FormatVersion": "aws_v1", "PriceList": list})
}

fn machine(name: &str, price: &str, over: &Value) -> String {
    let mut attributes = json!({
        "instanceType": name, "regionCode": "eu-west-1", "operatingSystem": "Linux", "preInstalledSw": "NA",
        "tenancy": "Shared", "capacitystatus": "Used", "marketoption": "OnDemand", "operation": "RunInstances",
        "usagetype": format!("EU-BoxUsage:{name}"),
    });
    for (key, value) in over.as_object().into_iter().flatten() {
        attributes[key] = value.clone();
    }
    product(Some("Compute Instance"), &attributes, "Hrs", price)
}

/// A product, as a text within the answer. Some have no family.
fn product(family: Option<&str>, attributes: &Value, unit: &str, price: &str) -> String {
    let (sku, rate) = ("26EZN83WFYW935BY", "26EZN83WFYW935BY.JRTCKXETXF.6YS6EN2CT7");
    let mut product = json!({"sku": sku, "attributes": attributes});
    if let Some(family) = family {
        product["productFamily"] = json!(family);
    }
    let dimension = json!({"unit": unit, "beginRange": "0", "endRange": "Inf", "description": "…", "appliesTo": [],
        "rateCode": rate, "pricePerUnit": {"USD": price}});
    let term = json!({"priceDimensions": {rate: dimension}, "sku": sku, "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": "JRTCKXETXF", "termAttributes": {}});
    let terms = json!({"OnDemand": {"26EZN83WFYW935BY.JRTCKXETXF": term}});
    json!({"product": product, "serviceCode": "AmazonEC2", "terms": terms, "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z"})
    .to_string()
}
