//! `time.*`: times as Go computes, reads and writes them.

mod calendar;
mod duration;
mod layout;
pub(crate) mod reading;
mod writing;

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::{Value, View};
use crate::types::Type;
use calendar::{Civil, WEEKDAYS, days_in_month};
use jiff::tz::{TimeZone, TimeZoneDatabase};

const PLACED: Type = Type::OneOf(&[Type::Number, Type::Tuple(&[Type::Number, Type::String])]);
const WRITTEN: Type = Type::OneOf(&[
    Type::Number,
    Type::Tuple(&[Type::Number, Type::String]),
    Type::Tuple(&[Type::Number, Type::String, Type::String]),
]);
const THREE: Type = Type::Tuple(&[Type::Number; 3]);
const SIX: Type = Type::Tuple(&[Type::Number; 6]);

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new(
        "time.add_date",
        &[Type::Number, Type::Number, Type::Number, Type::Number],
        Type::Number,
        add_date,
    ),
    Builtin::new("time.clock", &[PLACED], THREE, clock),
    Builtin::new("time.date", &[PLACED], THREE, date),
    Builtin::new("time.diff", &[PLACED, PLACED], SIX, diff),
    Builtin::new("time.format", &[WRITTEN], Type::String, format),
    Builtin::new("time.now_ns", &[], Type::Number, now),
    Builtin::new("time.parse_duration_ns", &[Type::String], Type::Number, parse_duration),
    Builtin::new("time.parse_ns", &[Type::String, Type::String], Type::Number, parse),
    Builtin::new("time.parse_rfc3339_ns", &[Type::String], Type::Number, parse_rfc3339),
    Builtin::new("time.weekday", &[PLACED], Type::String, weekday),
];

const OUT_OF_RANGE: &str = "time outside of valid range";

fn now(context: &mut Context<'_>, _: &[Value]) -> Result<Value, Failure> {
    Ok(context.heap.integer(context.now)?)
}

fn parse_duration(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let duration = duration::read(context.text(text, 1)?).ok_or_else(|| error("time: invalid duration"))?;
    Ok(context.heap.integer(duration)?)
}

fn parse(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [layout, text] = take(operands)?;
    context.spend_for(operands)?;
    let nanoseconds = read(context.text(layout, 1)?, context.text(text, 2)?)?;
    Ok(context.heap.integer(nanoseconds)?)
}

fn parse_rfc3339(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let nanoseconds = read("RFC3339", context.text(text, 1)?)?;
    Ok(context.heap.integer(nanoseconds)?)
}

fn read(layout: &str, text: &str) -> Result<i64, Failure> {
    let nanoseconds = reading::read(layout::named(layout), text).map_err(error)?;
    i64::try_from(nanoseconds).ok().ok_or_else(|| error(OUT_OF_RANGE))
}

fn format(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [time] = take(operands)?;
    context.spend_for(operands)?;
    let (moment, layout) = moment(context, time)?;
    let layout = match layout {
        Some(layout) => context.text(layout, 1)?,
        None => "",
    };
    let layout = layout::named(if layout.is_empty() { "RFC3339Nano" } else { layout });
    let text = writing::write(&moment.civil(), moment.offset(), &moment.abbreviation(), layout);
    context.spend(text.len() as u64 / 16)?;
    Ok(context.heap.string(&text)?)
}

fn date(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [time] = take(operands)?;
    let civil = moment(context, time)?.0.civil();
    numbers(context, &[civil.year, civil.month, civil.day])
}

fn clock(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [time] = take(operands)?;
    let civil = moment(context, time)?.0.civil();
    numbers(context, &[civil.hour(), civil.minute(), civil.second()])
}

fn weekday(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [time] = take(operands)?;
    let weekday = moment(context, time)?.0.civil().weekday();
    Ok(context.heap.string(WEEKDAYS.get(weekday).copied().unwrap_or_default())?)
}

/// Days that a month does not have are days of the next one: a month after the 31st of January is a day in March.
fn add_date(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [time, years, months, days] = take(operands)?;
    let (moment, _) = moment(context, time)?;
    let civil = moment.civil();
    let add = |to: i64, value, position| {
        let sum = context.integer(value, position)?.checked_add(to);
        // More than enough for all times that there are, and sums of them can be computed.
        sum.filter(|it| it.abs() < 1 << 40).ok_or_else(|| error(OUT_OF_RANGE))
    };
    let (year, month, day) =
        (add(civil.year, years, 2)?, add(civil.month, months, 3)?, add(civil.day, days, 4)?);
    let sum = Civil::normal(year, month, day, civil.nanoseconds);
    let nanoseconds = moment.zone.resolve(sum.nanoseconds_since_1970());
    let nanoseconds = i64::try_from(nanoseconds).ok().ok_or_else(|| error(OUT_OF_RANGE))?;
    Ok(context.heap.integer(nanoseconds)?)
}

/// Years, months, days, hours, minutes and seconds between two times, both as the clocks of the first one's place say.
fn diff(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    let (a, _) = moment(context, a)?;
    let (b, _) = moment(context, b)?;
    let b = Moment { nanoseconds: b.nanoseconds, zone: a.zone.clone() };
    let (a, b) = if a.nanoseconds > b.nanoseconds { (b, a) } else { (a, b) };
    let (a, b) = (a.civil(), b.civil());
    let mut parts = [
        b.year - a.year,
        b.month - a.month,
        b.day - a.day,
        b.hour() - a.hour(),
        b.minute() - a.minute(),
        b.second() - a.second(),
    ];
    // From the seconds on: what is missing is taken from the next larger unit.
    let sizes = [0, 12, days_in_month(a.year, a.month), 24, 60, 60];
    for unit in (1..parts.len()).rev() {
        if let Some([larger, part]) = parts.get_mut(unit - 1..=unit).and_then(|it| it.as_mut_array())
            && *part < 0
        {
            *part += sizes.get(unit).copied().unwrap_or_default();
            *larger -= 1;
        }
    }
    numbers(context, &parts)
}

fn numbers(context: &mut Context<'_>, numbers: &[i64]) -> Result<Value, Failure> {
    let numbers: Result<Vec<Value>, _> = numbers.iter().map(|it| context.heap.integer(*it)).collect();
    Ok(context.heap.array(&numbers?)?)
}

/// A time, and where its clocks are.
struct Moment {
    nanoseconds: i64,
    zone: Zone,
}

impl Moment {
    fn offset(&self) -> i64 {
        self.zone.offset(i128::from(self.nanoseconds))
    }

    fn civil(&self) -> Civil {
        Civil::of(i128::from(self.nanoseconds) + i128::from(self.offset()) * calendar::SECOND)
    }

    fn abbreviation(&self) -> String {
        match (&self.zone, jiff::Timestamp::from_nanosecond(self.nanoseconds.into())) {
            (Zone::Of(zone), Ok(at)) => zone.to_offset_info(at).abbreviation().to_owned(),
            _ => "UTC".to_owned(),
        }
    }
}

#[derive(Clone)]
enum Zone {
    Utc,
    Of(TimeZone),
}

impl Zone {
    /// By its name in the database, written as it is there.
    fn named(name: &str) -> Option<Self> {
        // What is local somewhere is not known here: it is UTC.
        if matches!(name, "" | "UTC" | "Local") {
            return Some(Self::Utc);
        }
        let zone = ZONES.get(name).ok()?;
        (zone.iana_name() == Some(name)).then_some(Self::Of(zone))
    }

    /// How many seconds its clocks are ahead.
    fn offset(&self, nanoseconds: i128) -> i64 {
        match (self, jiff::Timestamp::from_nanosecond(nanoseconds)) {
            (Self::Of(zone), Ok(at)) => zone.to_offset(at).seconds().into(),
            _ => 0,
        }
    }

    /// When its clocks show a time; of several the one that Go takes.
    fn resolve(&self, shown: i128) -> i128 {
        let guess = self.offset(shown);
        let ahead = if guess == 0 { 0 } else { self.offset(shown - i128::from(guess) * calendar::SECOND) };
        shown - i128::from(ahead) * calendar::SECOND
    }
}

static ZONES: std::sync::LazyLock<TimeZoneDatabase> = std::sync::LazyLock::new(TimeZoneDatabase::bundled);

/// A time in nanoseconds, or an array of that, the name of a zone, and a layout.
fn moment(context: &Context<'_>, value: Value) -> Result<(Moment, Option<Value>), Failure> {
    let (number, zone, layout) = match context.heap.view(value) {
        View::Number(_) => (value, None, None),
        View::Array([number, rest @ ..]) => (*number, rest.first().copied(), rest.get(1).copied()),
        _ => return Err(error("operand 1 must be either number (ns) or [number (ns), string (tz)]")),
    };
    context.number(number, 1)?;
    let nanoseconds = context.integer(number, 1).ok().ok_or_else(|| error("timestamp too big"))?;
    let zone = match zone {
        None => Zone::Utc,
        Some(name) => Zone::named(context.text(name, 1)?).ok_or_else(|| error("unknown time zone"))?,
    };
    Ok((Moment { nanoseconds, zone }, layout))
}

#[cfg(test)]
mod tests;
