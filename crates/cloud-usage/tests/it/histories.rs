//! Histories worked out by hand: each comment is the whole arithmetic, and the sum must be equal to the last digit.

use cloud_types::{CostKind, Currency, HostId, Money, Rate, Terms};
use cloud_usage::{Change, Charge, DoubtKind, Month, Period, Query, Sighting, Subject};

use Change::{Deleted, Started, Stopped};

use crate::common::{
    always, at, bill, bill_of, capped, charges, created, disk, doubts, events, from_host, host, hourly, ledger,
    machine, monthly, price_changed, provider, resized, snapshot, total, volume,
};

#[test]
fn a_started_hour_is_billed_whole() {
    // 10:00, 11:00 and 12:00 begin before 12:30: 3 × 0.0060
    let history =
        [("2026-11-02T10:00:00Z", created([always(hourly("0.0060"), Terms::HOUR)])), ("2026-11-02T12:30:00Z", Deleted)];
    let bill = bill(&events(&host(), history));
    assert_eq!(total(&bill), "0.018 EUR");
    assert_eq!((bill.lines[0].seconds, bill.hours[0].running.as_secs()), (3 * 3600, 9000));
    assert_eq!(doubts(&bill), []);
}

#[test]
fn a_host_of_some_minutes_costs_an_hour() {
    // 1 × 0.0060
    let history =
        [("2026-11-02T10:00:00Z", created([always(hourly("0.0060"), Terms::HOUR)])), ("2026-11-02T10:03:00Z", Deleted)];
    assert_eq!(total(&bill(&events(&host(), history))), "0.006 EUR");
}

#[test]
fn half_a_minute_costs_a_minute_where_that_is_the_least() {
    // 60 ÷ 3600 × 0.0116 = 0.000193333…
    let history = [
        ("2026-11-02T10:00:00Z", created([machine(hourly("0.0116"), Terms::SECOND_FROM_MINUTE)])),
        ("2026-11-02T10:00:30Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "0.0001933333333333333333333333 EUR");
}

#[test]
fn past_the_least_use_it_is_billed_by_the_second() {
    // 90 ÷ 3600 × 0.0116
    let history = [
        ("2026-11-02T10:00:00Z", created([machine(hourly("0.0116"), Terms::SECOND_FROM_MINUTE)])),
        ("2026-11-02T10:01:30Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "0.00029 EUR");
}

#[test]
fn the_least_use_is_owed_at_each_start() {
    // two starts of 10 s, 60 s each: 120 ÷ 3600 × 0.36
    let history = [
        ("2026-11-02T10:00:00Z", created([machine(hourly("0.36"), Terms::SECOND_FROM_MINUTE)])),
        ("2026-11-02T10:00:10Z", Stopped),
        ("2026-11-02T10:30:00Z", Started),
        ("2026-11-02T10:30:10Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "0.012 EUR");
}

#[test]
fn a_stopped_host_costs_its_disk() {
    // machine: (6 + 6) h × 0.01 = 0.12; disk: 24 h × 7.30 ÷ 730 = 0.24
    let history = [
        ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND), disk(monthly("7.30"))])),
        ("2026-11-02T06:00:00Z", Stopped),
        ("2026-11-02T18:00:00Z", Started),
        ("2026-11-03T00:00:00Z", Deleted),
    ];
    let bill = bill(&events(&host(), history));
    assert_eq!(total(&bill), "0.36 EUR");
    assert_eq!(bill.by_kind().unwrap()[&CostKind::BootDisk][&Currency::EUR].to_string(), "0.24 EUR");
    assert_eq!((bill.hours[0].running.as_hours(), bill.hours[0].stopped.as_hours()), (12, 12));
}

#[test]
fn a_stopped_host_costs_as_much_where_stopping_saves_nothing() {
    // 10 × 0.0060
    let history = [
        ("2026-11-02T00:00:00Z", created([always(hourly("0.0060"), Terms::HOUR)])),
        ("2026-11-02T01:00:00Z", Stopped),
        ("2026-11-02T10:00:00Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "0.06 EUR");
}

#[test]
fn a_month_costs_at_most_its_cap() {
    // 720 × 0.0060 = 4.32, at most 3.79
    let history = [
        ("2026-11-01T00:00:00Z", created([always(capped("0.0060", "3.79"), Terms::HOUR)])),
        ("2026-12-01T00:00:00Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "3.79 EUR");
}

#[test]
fn each_calendar_month_has_its_own_cap() {
    // October from the 16th: 16 × 24 × 0.0060 = 2.304; November: 720 × 0.0060 = 4.32, at most 3.79
    let history = [
        ("2026-10-16T00:00:00Z", created([always(capped("0.0060", "3.79"), Terms::HOUR)])),
        ("2026-12-01T00:00:00Z", Deleted),
    ];
    let bill = bill(&events(&host(), history));
    assert_eq!(total(&bill), "6.094 EUR");
    let months = bill.by_month().unwrap();
    assert_eq!(months[&Month::new(2026, 10).unwrap()][&Currency::EUR].to_string(), "2.304 EUR");
}

#[test]
fn an_hour_belongs_to_the_month_in_which_it_began() {
    // 23:30 in January, 00:30 in February: 0.0060 each
    let history =
        [("2026-01-31T23:30:00Z", created([always(hourly("0.0060"), Terms::HOUR)])), ("2026-02-01T01:00:00Z", Deleted)];
    let months = bill(&events(&host(), history)).by_month().unwrap();
    let sums: Vec<_> = months.iter().map(|(month, sums)| format!("{month} {}", sums[&Currency::EUR])).collect();
    assert_eq!(sums, ["2026-01 0.006 EUR", "2026-02 0.006 EUR"]);
}

#[test]
fn a_host_costs_its_new_size_from_the_resize_on() {
    // small: 2 h × 0.008; medium, from its start at 02:10: 3 h × 0.014
    let medium = machine(hourly("0.014"), Terms::SECOND);
    let history = [
        ("2026-11-02T00:00:00Z", created([machine(hourly("0.008"), Terms::SECOND)])),
        ("2026-11-02T02:00:00Z", Stopped),
        ("2026-11-02T02:05:00Z", resized([medium])),
        ("2026-11-02T02:10:00Z", Started),
        ("2026-11-02T05:10:00Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "0.058 EUR");
}

#[test]
fn a_started_hour_keeps_the_price_that_it_began_with() {
    // 00:00 and 01:00 at 0.008, 02:00 at 0.014
    let history = [
        ("2026-11-02T00:00:00Z", created([always(hourly("0.008"), Terms::HOUR)])),
        ("2026-11-02T01:30:00Z", resized([always(hourly("0.014"), Terms::HOUR)])),
        ("2026-11-02T03:00:00Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "0.03 EUR");
}

#[test]
fn a_price_change_counts_from_its_time_on() {
    // 22:30 and 23:30 at 0.006, 00:30 and 01:30 at 0.007
    let history = [
        ("2026-03-31T22:30:00Z", created([always(hourly("0.006"), Terms::HOUR)])),
        ("2026-04-01T00:00:00Z", price_changed([always(hourly("0.007"), Terms::HOUR)])),
        ("2026-04-01T02:30:00Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "0.026 EUR");
}

#[test]
fn a_lower_cap_gives_nothing_back() {
    // until the 20th: 456 × 0.01 = 4.56, at most 3.79; then a cap of 3.00 that is passed already: 0
    let history = [
        ("2026-11-01T00:00:00Z", created([always(capped("0.01", "3.79"), Terms::HOUR)])),
        ("2026-11-20T00:00:00Z", price_changed([always(capped("0.008", "3.00"), Terms::HOUR)])),
        ("2026-12-01T00:00:00Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "3.79 EUR");
}

#[test]
fn a_higher_cap_after_a_resize_counts_for_the_whole_month() {
    // until the 20th: 3.79; then 264 × 0.02 = 5.28 would make 9.07, at most 7.00
    let history = [
        ("2026-11-01T00:00:00Z", created([always(capped("0.01", "3.79"), Terms::HOUR)])),
        ("2026-11-20T00:00:00Z", resized([always(capped("0.02", "7.00"), Terms::HOUR)])),
        ("2026-12-01T00:00:00Z", Deleted),
    ];
    assert_eq!(total(&bill(&events(&host(), history))), "7 EUR");
}

#[test]
fn a_snapshot_is_billed_after_its_host_is_gone() {
    // host: 1 h × 0.01; snapshot of 10 GiB at 0.0146 a month: 24 h × 0.146 ÷ 730 = 0.0048
    let kept = Charge::new(CostKind::Snapshot, "10 GiB", monthly("0.146"), Terms::SECOND);
    let mut history = events(
        &host(),
        [
            ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND)])),
            ("2026-11-02T01:00:00Z", Deleted),
        ],
    );
    let made = Change::created(charges([kept]), from_host());
    history.extend(events(&snapshot(), [("2026-11-02T00:30:00Z", made), ("2026-11-03T00:30:00Z", Deleted)]));
    let query = Query::new(Period::ALL).host(HostId::new("h-1"));
    let bill = ledger(&history).bill(&query, at("2026-11-04T00:00:00Z")).unwrap();
    assert_eq!(total(&bill), "0.0148 EUR");
    assert_eq!(bill.by_subject().unwrap()[&snapshot()][&Currency::EUR].to_string(), "0.0048 EUR");
}

#[test]
fn a_kept_data_disk_goes_on_as_a_volume() {
    // host with disk: 10 h × (0.01 + 0.0001) = 0.101; the disk alone: 20 h × 0.073 ÷ 730 = 0.002;
    // with the next host: 5 h in that host's bill, 0 here; alone again: 1 h × 0.0001
    let data = Charge::new(CostKind::DataDisk, "10 GiB", monthly("0.073"), Terms::SECOND);
    let alone = data.clone().not_billed_when_stopped();
    let mut history = events(
        &host(),
        [
            ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND), data])),
            ("2026-11-02T10:00:00Z", Deleted),
        ],
    );
    let made = Change::created(charges([alone]), from_host());
    history.extend(events(
        &volume(),
        [
            ("2026-11-02T10:00:00Z", made),
            ("2026-11-03T06:00:00Z", Stopped),
            ("2026-11-03T11:00:00Z", Started),
            ("2026-11-03T12:00:00Z", Deleted),
        ],
    ));
    assert_eq!(total(&bill(&history)), "0.1031 EUR");
}

#[test]
fn a_reserved_address_costs_its_cap_without_any_host() {
    // 720 × 0.0008 = 0.576, at most 0.50
    let address = Charge::new(CostKind::Address, "IPv4", capped("0.0008", "0.50"), Terms::HOUR);
    let history = [("2026-11-01T00:00:00Z", created([address])), ("2026-12-01T00:00:00Z", Deleted)];
    assert_eq!(total(&bill(&events(&Subject::address(&provider(), "a-1"), history))), "0.5 EUR");
}

#[test]
fn a_monthly_price_is_of_730_hours_or_the_most_of_a_month() {
    // by the second: 744 ÷ 730 × 7.30 = 7.44; by the hour it is the month's cap: 7.30
    let by_the_second = Charge::new(CostKind::DataDisk, "a", monthly("7.30"), Terms::SECOND);
    let by_the_hour = Charge::new(CostKind::DataDisk, "b", monthly("7.30"), Terms::HOUR);
    let history = [("2026-10-01T00:00:00Z", created([by_the_second, by_the_hour])), ("2026-11-01T00:00:00Z", Deleted)];
    let bill = bill(&events(&host(), history));
    let costs: Vec<_> = bill.lines.iter().map(|line| line.cost.to_string()).collect();
    assert_eq!(costs, ["7.44 EUR", "7.3 EUR"]);
}

#[test]
fn a_stop_dated_before_the_creation_counts_from_it() {
    // A clock was set back: stopped from 10:00 on. machine: 1 h × 0.01
    let history = [
        ("2026-11-02T10:00:00Z", created([machine(hourly("0.01"), Terms::SECOND)])),
        ("2026-11-02T09:58:00Z", Stopped),
        ("2026-11-02T12:00:00Z", Started),
        ("2026-11-02T13:00:00Z", Deleted),
    ];
    let bill = bill(&events(&host(), history));
    assert_eq!(total(&bill), "0.01 EUR");
    assert_eq!(doubts(&bill), [(DoubtKind::BeforeCreation, at("2026-11-02T09:58:00Z"), at("2026-11-02T10:00:00Z"))]);
}

#[test]
fn a_start_that_was_lost_is_a_doubt_and_no_guess() {
    // machine: 1 h × 0.01; disk: 6 h × 0.01; somewhere from 01:00 to 05:00 it may have run
    let history = [
        ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND), disk(monthly("7.30"))])),
        ("2026-11-02T01:00:00Z", Stopped),
        ("2026-11-02T05:00:00Z", Stopped),
        ("2026-11-02T06:00:00Z", Deleted),
    ];
    let bill = bill(&events(&host(), history));
    assert_eq!(total(&bill), "0.07 EUR");
    assert_eq!(doubts(&bill), [(DoubtKind::StartMissed, at("2026-11-02T01:00:00Z"), at("2026-11-02T05:00:00Z"))]);
}

#[test]
fn a_lost_deletion_is_billed_until_it_is_missed() {
    // 9 h × 0.01; it may have been gone any time since 00:00
    let history = [
        ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND)])),
        ("2026-11-02T09:00:00Z", Change::seen(Sighting::Gone)),
    ];
    let bill = bill(&events(&host(), history));
    assert_eq!(total(&bill), "0.09 EUR");
    assert_eq!(doubts(&bill), [(DoubtKind::DeletionMissed, at("2026-11-02T00:00:00Z"), at("2026-11-02T09:00:00Z"))]);
}

#[test]
fn a_lost_creation_is_billed_from_when_the_provider_says_it_was() {
    // seen at 05:00, made at 02:00, deleted at 06:00: 4 h × 0.01
    let seen = Change::Seen {
        state: Sighting::Running,
        created_at: Some(at("2026-11-02T02:00:00Z")),
        charges: Some(charges([machine(hourly("0.01"), Terms::SECOND)])),
        tags: None,
    };
    let bill = bill(&events(&host(), [("2026-11-02T05:00:00Z", seen), ("2026-11-02T06:00:00Z", Deleted)]));
    assert_eq!(total(&bill), "0.04 EUR");
    let (since, until) = (at("2026-11-02T02:00:00Z"), at("2026-11-02T05:00:00Z"));
    assert_eq!(doubts(&bill), [(DoubtKind::CreationMissed, since, until), (DoubtKind::PriceAssumed, since, until)]);
}

#[test]
fn what_is_dated_in_the_future_has_not_happened() {
    // made at 00:00, asked at 10:00; the deletion is dated 23:00: 10 h × 0.01
    let history = events(
        &host(),
        [
            ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND)])),
            ("2026-11-02T23:00:00Z", Deleted),
        ],
    );
    let bill = bill_of(&history, Period::ALL, "2026-11-02T10:00:00Z");
    assert_eq!(total(&bill), "0.1 EUR");
    assert_eq!(doubts(&bill)[0].0, DoubtKind::InTheFuture);
    let later = bill_of(&history, Period::ALL, "2026-11-03T00:00:00Z");
    assert_eq!((total(&later).as_str(), later.doubts.len()), ("0.23 EUR", 0));
}

#[test]
fn what_is_deleted_does_not_come_back() {
    // 2 h × 0.01; the start an hour later counts for nothing
    let history = [
        ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND)])),
        ("2026-11-02T02:00:00Z", Deleted),
        ("2026-11-02T03:00:00Z", Started),
        ("2026-11-02T04:00:00Z", Deleted),
    ];
    let bill = bill(&events(&host(), history));
    assert_eq!(total(&bill), "0.02 EUR");
    assert_eq!(doubts(&bill), [(DoubtKind::AfterDeletion, at("2026-11-02T02:00:00Z"), at("2026-11-02T03:00:00Z"))]);
}

#[test]
fn currencies_are_never_added_up() {
    // 1 h × 0.01 EUR and 1 h × 0.02 USD
    let dollars = Rate::hourly_price(Money::parse("0.02", Currency::USD).unwrap());
    let address = Charge::new(CostKind::Address, "IPv4", dollars, Terms::HOUR);
    let history = [
        ("2026-11-02T00:00:00Z", created([machine(hourly("0.01"), Terms::SECOND), address])),
        ("2026-11-02T01:00:00Z", Deleted),
    ];
    let totals = bill(&events(&host(), history)).totals().unwrap();
    let totals: Vec<_> = totals.values().map(ToString::to_string).collect();
    assert_eq!(totals, ["0.01 EUR", "0.02 USD"]);
}

#[test]
fn a_period_that_begins_after_the_cap_was_reached_costs_nothing() {
    // The cap of 3.79 is reached after 632 hours, on the 27th; the 28th to the 30th are free, December is not: 24 × 0.0060
    let history = events(&host(), [("2026-11-01T00:00:00Z", created([always(capped("0.0060", "3.79"), Terms::HOUR)]))]);
    let period = |from, to| Period::new(at(from), at(to)).unwrap();
    let cost = |from, to| total(&bill_of(&history, period(from, to), "2026-12-31T00:00:00Z"));
    assert_eq!(cost("2026-11-28T00:00:00Z", "2026-12-01T00:00:00Z"), "0 EUR");
    assert_eq!(cost("2026-11-28T00:00:00Z", "2026-12-02T00:00:00Z"), "0.144 EUR");
}
