//! Calendar time. System time counts 100 ns since 1601-01-01.

const DAY: i64 = 864_000_000_000;
/// Days from 1601-01-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 134_774;

/// TIME_FIELDS: year, month, day, hour, minute, second, milliseconds, weekday.
type Fields = [i16; 8];

fn from_days(days: i64) -> (i64, i64, i64) {
    // Proleptic Gregorian calendar counted from March, so that leap days come last.
    let z = days - EPOCH_DAYS + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + (month <= 2) as i64, month, doy - (153 * mp + 2) / 5 + 1)
}

fn to_days(year: i64, month: i64, day: i64) -> i64 {
    let y = year - (month <= 2) as i64;
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468 + EPOCH_DAYS
}

fn days_in(year: i64, month: i64) -> i64 {
    let next = if month == 12 { to_days(year + 1, 1, 1) } else { to_days(year, month + 1, 1) };
    next - to_days(year, month, 1)
}

crate::exports! { EXPORTS "ntoskrnl.exe";
    fn RtlTimeToTimeFields(time: *const i64, out: *mut Fields) [irql any] {
        let (days, rest) = ((*time).div_euclid(DAY), (*time).rem_euclid(DAY) / 10_000);
        let (y, m, d) = from_days(days);
        *out = [
            y as i16, m as i16, d as i16,
            (rest / 3_600_000) as i16, (rest / 60_000 % 60) as i16, (rest / 1000 % 60) as i16, (rest % 1000) as i16,
            // 1601-01-01 was a Monday.
            ((days + 1) % 7) as i16,
        ];
    }
    fn RtlTimeFieldsToTime(f: *const Fields, out: *mut i64) -> u8 [irql any] {
        let [y, mo, d, h, mi, s, ms, _] = (*f).map(|v| v as i64);
        let good = y >= 1601 && (1..=12).contains(&mo) && (0..24).contains(&h) && (0..60).contains(&mi)
            && (0..60).contains(&s) && (0..1000).contains(&ms) && d >= 1 && d <= days_in(y, mo);
        if !good {
            return 0;
        }
        *out = to_days(y, mo, d) * DAY + (((h * 60 + mi) * 60 + s) * 1000 + ms) * 10_000;
        1
    }
    fn RtlTimeToSecondsSince1970(time: *const i64, out: *mut u32) -> u8 [irql any] {
        match u32::try_from(*time / 10_000_000 - EPOCH_DAYS * 86_400) {
            Ok(s) => {
                *out = s;
                1
            }
            Err(_) => 0,
        }
    }
    fn RtlSecondsSince1970ToTime(seconds: u32, out: *mut i64) [irql any] {
        *out = (seconds as i64 + EPOCH_DAYS * 86_400) * 10_000_000;
    }
}
