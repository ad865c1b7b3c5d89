//! The picture in a terminal: one row of blocks for each service, and the marks below.

use crate::picture::{Picture, Series};
use crate::window::{count, float};

/// Below the lowest block: nothing was acknowledged.
const NOTHING: char = ' ';
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Fewer columns show nothing.
const NARROWEST: usize = 10;
/// However narrow the drawing, a name has so much room.
const NAME: usize = 12;

/// Draws the picture, at most `width` characters wide as long as ten columns remain for the blocks.
///
/// A row is the service, its acknowledged writes per second (a full block is its highest second or the normal
/// rate; blank is none at all), and its outcome. Below stand the marks by letter, the seconds, and what the
/// letters mean. Two marks in one column stand side by side.
#[must_use]
pub fn terminal(picture: &Picture, width: usize) -> String {
    let names: Vec<String> =
        picture.services.iter().map(|series| short(&series.name, width * 2 / 5)).collect();
    let outcomes: Vec<String> = picture.services.iter().map(|series| series.recovery.to_string()).collect();
    let label = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let tail = outcomes.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let columns = width.saturating_sub(label + tail + 4).max(NARROWEST);

    let mut lines = Vec::new();
    for ((name, series), outcome) in names.iter().zip(&picture.services).zip(&outcomes) {
        lines.push(format!("{name:<label$} ▕{}▏ {outcome}", blocks(series, columns)));
    }
    let indent = " ".repeat(label + 2);
    lines.push(format!("{indent}{}", marks(picture, columns)));
    lines.push(format!("{indent}{}", axis(picture, columns)));
    lines.extend(legend(picture, width));
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

fn blocks(series: &Series, columns: usize) -> String {
    let (top, seconds) = (series.top(), series.rates.len());
    (0..columns)
        .map(|column| {
            // The seconds that begin in the column; else the one that it lies in.
            let from = column * seconds / columns;
            let until = ((column + 1) * seconds / columns).max(from + 1);
            let touched = series.rates.get(from..until.min(seconds)).unwrap_or_default();
            let mean = touched.iter().sum::<f64>() / count(touched.len().max(1));
            block(mean / top)
        })
        .collect()
}

fn block(share: f64) -> char {
    if share <= 0.0 {
        return NOTHING;
    }
    let borders = (1..8_u32).map(|eighth| f64::from(eighth) / 8.0);
    let step = borders.filter(|border| share > *border).count();
    BLOCKS.get(step).copied().unwrap_or('█')
}

/// The column of a moment.
fn column(picture: &Picture, second: f64, columns: usize) -> usize {
    let place = (second - f64::from(picture.seconds.start)) * count(columns) / picture.length();
    let last = columns.saturating_sub(1);
    (0..last).take_while(|column| count(column + 1) <= place).count()
}

fn marks(picture: &Picture, columns: usize) -> String {
    let mut row = vec![' '; columns];
    for (kind, at) in picture.shown_marks() {
        let from = column(picture, at, columns);
        if let Some(free) = row.iter_mut().skip(from).find(|place| **place == ' ') {
            *free = kind.letter();
        } else {
            row.push(kind.letter());
        }
    }
    row.into_iter().collect()
}

fn axis(picture: &Picture, columns: usize) -> String {
    let mut row = String::new();
    let step = step(picture.length(), columns / 8);
    let first = i64::from(picture.seconds.start).div_euclid(step) * step;
    let mut second = first;
    while second <= i64::from(picture.seconds.end) {
        let written = row.chars().count();
        if second >= i64::from(picture.seconds.start) {
            let place = column(picture, float(second), columns);
            let text = if second == 0 { "0 s".to_owned() } else { second.to_string() };
            if place >= written && place + text.len() <= columns + 2 {
                row.push_str(&" ".repeat(place - written));
                row.push_str(&text);
            }
        }
        second += step;
    }
    row
}

/// Whole seconds between two numbers on the axis, so that there are at most about `most` of them.
pub(crate) fn step(length: f64, most: usize) -> i64 {
    let steps = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1800];
    let fits = |step: &i64| length / float(*step) <= count(most.max(1));
    steps.into_iter().find(fits).unwrap_or(3600)
}

fn legend(picture: &Picture, width: usize) -> Vec<String> {
    let entries = picture.shown_marks().into_iter().map(|(kind, at)| {
        let when = if at == 0.0 { String::new() } else { format!(" {at:+.1} s") };
        format!("{} {}{when}", kind.letter(), kind.label())
    });
    let mut lines: Vec<String> = Vec::new();
    for entry in entries {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 3 + entry.chars().count() <= width => {
                line.push_str(" · ");
                line.push_str(&entry);
            }
            Some(_) | None => lines.push(entry),
        }
    }
    lines
}

/// A name that cannot disturb the terminal, and not longer than its place.
fn short(name: &str, room: usize) -> String {
    let room = room.max(NAME);
    let plain: String = name.chars().filter(|c| !c.is_control()).collect();
    if plain.chars().count() <= room {
        return plain;
    }
    plain.chars().take(room - 1).chain(['…']).collect()
}
