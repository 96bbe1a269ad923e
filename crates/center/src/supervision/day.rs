//! When a day begins, in the time zone of the centre's machine.

use super::figures::Day;
use chrono::{DateTime, Days, Local, NaiveDate, NaiveTime, TimeZone};
use seatline_contract::time::UnixMs;

/// The day in which a point in time lies.
pub(super) fn day_of(now: UnixMs) -> Day {
    day_in(&Local, now)
}

fn day_in<Zone: TimeZone>(zone: &Zone, now: UnixMs) -> Day {
    let date = DateTime::from_timestamp_millis(now.0)
        .unwrap_or_default()
        .with_timezone(zone)
        .date_naive();
    let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
    Day {
        from: first_moment(zone, date),
        to: first_moment(zone, next),
    }
}

/// Midnight, or where a change of the clocks leaves it out, the first hour there is.
fn first_moment<Zone: TimeZone>(zone: &Zone, date: NaiveDate) -> UnixMs {
    let hours = (0..24).filter_map(|hour| NaiveTime::from_hms_opt(hour, 0, 0));
    hours
        .filter_map(|hour| zone.from_local_datetime(&date.and_time(hour)).earliest())
        .map(|at| UnixMs(at.timestamp_millis()))
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::FixedOffset;

    #[test]
    fn a_day_lasts_from_midnight_to_midnight_where_the_centre_stands() {
        let shanghai = FixedOffset::east_opt(8 * 3_600).unwrap();
        // 2026-11-24 15:59:59.999 and 16:00 UTC: the last moment of the 24th in Shanghai, and the
        // first of the 25th.
        let midnight = UnixMs(1_795_536_000_000);
        let before = day_in(&shanghai, midnight.plus(-1));
        let after = day_in(&shanghai, midnight);
        assert_eq!(before.to, midnight);
        assert_eq!(before.from, midnight.plus(-86_400_000));
        assert_eq!(after.from, midnight);
    }
}
