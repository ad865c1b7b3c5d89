//! The picture as an SVG: one panel for each service, the phases above, the marks through all.

mod page;

use crate::picture::{MarkKind, Picture, Series};
use crate::rto::Outcome;
use crate::terminal::step;
use crate::window::float;
use page::{Page, text_width};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 936.0;
const PANEL: f64 = 96.0;
/// Room above each panel for its name and its outcome.
const HEAD: f64 = 34.0;
const LANE: f64 = 17.0;
const STRIP: f64 = 20.0;
/// Phases have this many colours; see the style in `page`.
const COLOURS: usize = 6;

/// Draws the picture as one SVG document that needs nothing else: no script, no font, no other file. It follows
/// the reader's light or dark setting. All given text is escaped.
#[must_use]
pub fn svg(picture: &Picture) -> String {
    let mut page = Page::default();
    page.text(24.0, 38.0, "title", &picture.title);
    page.text(24.0, 60.0, "sub", &picture.subtitle);
    let lanes_top = 92.0;
    let labels = lanes(picture);
    let lanes = labels.iter().map(|label| label.lane + 1).max().unwrap_or(0);
    let strip_top = lanes_top + LANE * float(lanes) - 4.0;
    let panels_top = if picture.phases.is_empty() { strip_top } else { strip_top + STRIP + 4.0 };
    let bottom = panels_top + (HEAD + PANEL) * crate::window::count(picture.services.len().max(1));

    // Shades first, then lines of the marks, then the curves: nothing hides a curve.
    grid(&mut page, picture, panels_top, bottom);
    for label in &labels {
        let top = lanes_top + LANE * float(label.lane) - 11.0;
        let class = if label.kind == MarkKind::Fault { "mark fault" } else { "mark" };
        page.line((label.x, top), (label.x, bottom), class);
    }
    for (series, index) in picture.services.iter().zip(0_u32..) {
        panel(&mut page, picture, series, panels_top + (HEAD + PANEL) * f64::from(index) + HEAD);
    }
    if !picture.phases.is_empty() {
        strip(&mut page, picture, strip_top);
    }
    for label in &labels {
        let class = if label.kind == MarkKind::Fault { "label faulttext" } else { "label" };
        let anchor = if label.flipped { "end" } else { "start" };
        let x = if label.flipped { label.x - 5.0 } else { label.x + 5.0 };
        page.anchored(x, lanes_top + LANE * float(label.lane), class, anchor, &label.text);
    }
    page.anchored(f64::midpoint(LEFT, RIGHT), bottom + 40.0, "axis", "middle", "seconds since the fault");
    page.rotated(26.0, f64::midpoint(panels_top + HEAD, bottom), "axis", "acknowledged writes per second");
    let end = legend(&mut page, picture, bottom + 68.0);
    page.finish(WIDTH, end, &picture.title, &description(picture))
}

/// Where a second lies, kept within the picture.
fn x(picture: &Picture, second: f64) -> f64 {
    let share = (second - f64::from(picture.seconds.start)) / picture.length();
    LEFT + (RIGHT - LEFT) * share.clamp(0.0, 1.0)
}

struct Label {
    kind: MarkKind,
    text: String,
    x: f64,
    lane: i64,
    flipped: bool,
}

/// Gives each mark's text a lane. A text that would be crossed by a later mark's line lies above that line.
fn lanes(picture: &Picture) -> Vec<Label> {
    let mut labels: Vec<(Label, f64)> = Vec::new();
    for (kind, at) in picture.shown_marks() {
        let text = if at == 0.0 { kind.label().to_owned() } else { format!("{} {at:+.1} s", kind.label()) };
        let (x, width) = (x(picture, at), text_width(&text, 12.0) + 12.0);
        let flipped = x + width > WIDTH - 8.0;
        // A flipped text reaches left, over the lines before it: below everything so far.
        let reaches = |end: f64| flipped || end > x;
        let lane = labels.iter().filter(|(_, end)| reaches(*end)).map(|(l, _)| l.lane + 1).max().unwrap_or(0);
        let end = if flipped { x } else { x + width };
        labels.push((Label { kind, text, x, lane, flipped }, end));
    }
    labels.into_iter().map(|(label, _)| label).collect()
}

fn grid(page: &mut Page, picture: &Picture, top: f64, bottom: f64) {
    let step = step(picture.length(), 12);
    let mut second = i64::from(picture.seconds.start).div_euclid(step) * step;
    while second <= i64::from(picture.seconds.end) {
        if second >= i64::from(picture.seconds.start) {
            let x = x(picture, float(second));
            page.line((x, top + HEAD), (x, bottom), "grid");
            page.anchored(x, bottom + 18.0, "tick", "middle", &second.to_string().replace('-', "−"));
        }
        second += step;
    }
}

fn panel(page: &mut Page, picture: &Picture, series: &Series, top: f64) {
    let (bottom, scale) = (top + PANEL, series.top() * 1.1);
    let y = |rate: f64| bottom - PANEL * (rate / scale).clamp(0.0, 1.0);
    let normal = series.recovery.normal_rate;
    let end = match series.recovery.outcome {
        Outcome::Recovered { seconds } => Some(seconds),
        Outcome::Never => Some(f64::from(picture.seconds.end)),
        Outcome::Uninterrupted | Outcome::Unmeasured(_) => None,
    };
    if let Some(end) = end {
        page.rect((x(picture, 0.0), top), (x(picture, end), bottom), "outage");
    }
    if normal > 0.0 {
        page.line((LEFT, y(normal)), (RIGHT, y(normal)), "normal");
        page.anchored(LEFT - 8.0, y(normal) + 4.0, "tick", "end", &format!("{normal:.0}"));
    }
    page.anchored(LEFT - 8.0, bottom + 4.0, "tick", "end", "0");

    // A service that never came back is another colour from the fault on.
    let never = matches!(series.recovery.outcome, Outcome::Never);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (rate, second) in series.rates.iter().zip(picture.seconds.start..) {
        let (from, until) = (x(picture, f64::from(second)), x(picture, f64::from(second) + 1.0));
        let steps = if never && second >= 0 { &mut after } else { &mut before };
        steps.extend([(from, y(*rate)), (until, y(*rate))]);
    }
    page.area(&before, bottom, "back");
    page.area(&after, bottom, "never");
    page.line((LEFT, bottom), (RIGHT, bottom), "base");

    let outcome = series.recovery.to_string();
    page.text(LEFT, top - 9.0, "name", &series.name);
    let free_from = LEFT + text_width(&series.name, 13.5) + 18.0;
    if let Outcome::Recovered { seconds } = series.recovery.outcome
        && seconds <= f64::from(picture.seconds.end)
    {
        let at = x(picture, seconds);
        page.line((at, top - 4.0), (at, bottom), "end");
        page.dot((at, top - 4.0));
        if at + 8.0 >= free_from && at + 8.0 + text_width(&outcome, 13.5) <= RIGHT {
            page.text(at + 8.0, top - 9.0, "outcome", &outcome);
            return;
        }
    }
    let class = if never { "outcome nevertext" } else { "outcome" };
    page.anchored(RIGHT, top - 9.0, class, "end", &outcome);
}

fn strip(page: &mut Page, picture: &Picture, top: f64) {
    for (phase, colour) in picture.phases.iter().zip((0..COLOURS).cycle()) {
        let (from, until) = (x(picture, picture.second(phase.start)), x(picture, picture.second(phase.end)));
        if until <= from {
            continue;
        }
        page.rect((from, top), (until.max(from + 1.5), top + STRIP - 4.0), &format!("p{colour}"));
        if text_width(&phase.name, 11.0) + 8.0 <= until - from {
            let middle = f64::midpoint(from, until);
            page.anchored(middle, top + 12.0, "phase", "middle", &phase.name);
        }
    }
}

/// The phases with their lengths; returns where the page ends.
fn legend(page: &mut Page, picture: &Picture, top: f64) -> f64 {
    let (mut left, mut y) = (LEFT, top);
    for (phase, colour) in picture.phases.iter().zip((0..COLOURS).cycle()) {
        let text = format!("{} {:.1} s", phase.name, phase.seconds());
        let width = 16.0 + text_width(&text, 12.0) + 18.0;
        if left > LEFT && left + width > RIGHT {
            (left, y) = (LEFT, y + 20.0);
        }
        page.rect((left, y - 10.0), (left + 11.0, y + 1.0), &format!("p{colour}"));
        page.text(left + 16.0, y, "label", &text);
        left += width;
    }
    if picture.phases.is_empty() { top - 8.0 } else { y + 22.0 }
}

/// The picture in words, for those who cannot see it.
fn description(picture: &Picture) -> String {
    let services = picture.services.iter().map(|series| format!("{}: {}.", series.name, series.recovery));
    let marks = picture.shown_marks().into_iter().map(|(kind, at)| format!("{} at {at:.1} s.", kind.label()));
    services.chain(marks).collect::<Vec<_>>().join(" ")
}
