//! The elements of the SVG. Everything that is text passes through `escape`.

/// Plain selectors and colours, so that simple renderers show it, too; they show the light one.
const STYLE: &str = "\
text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: #1f2328 }
.paper { fill: #ffffff; stroke: #d1d9e0 }
.title { font-size: 20px; font-weight: 600 }
.sub { font-size: 13px; fill: #59636e }
.name { font-size: 13.5px; font-weight: 600 }
.outcome { font-size: 13.5px; font-weight: 600; fill: #0969da }
.nevertext { fill: #cf222e }
.label { font-size: 12px }
.faulttext { fill: #cf222e; font-weight: 600 }
.name, .outcome, .label { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round }
.phase { font-size: 11px; fill: #ffffff }
.tick { font-size: 11px; fill: #59636e }
.axis { font-size: 12px; fill: #59636e }
.grid { stroke: #eaeef2 }
.base { stroke: #8c959f }
.normal { stroke: #8c959f; stroke-dasharray: 2 4 }
.mark { stroke: #59636e; stroke-dasharray: 4 3 }
.fault { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: none }
.end { stroke: #0969da; stroke-width: 1.5 }
.dot { fill: #0969da }
.outage { fill: #cf222e; fill-opacity: 0.08 }
.back-area { fill: #0969da; fill-opacity: 0.18 }
.back-line { fill: none; stroke: #0969da; stroke-width: 1.75 }
.never-area { fill: #cf222e; fill-opacity: 0.18 }
.never-line { fill: none; stroke: #cf222e; stroke-width: 1.75 }
.p0 { fill: #9a6700 }
.p1 { fill: #bc4c00 }
.p2 { fill: #8250df }
.p3 { fill: #0969da }
.p4 { fill: #0f7b7b }
.p5 { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.paper { fill: #0d1117; stroke: #30363d }
.sub, .tick, .axis { fill: #9198a1 }
.outcome { fill: #58a6ff }
.nevertext, .faulttext { fill: #ff7b72 }
.name, .outcome, .label { stroke: #0d1117 }
.phase { fill: #ffffff }
.grid { stroke: #21262d }
.base, .normal { stroke: #6e7681 }
.mark { stroke: #9198a1 }
.fault { stroke: #ff7b72 }
.end, .back-line { stroke: #58a6ff }
.dot, .back-area { fill: #58a6ff }
.outage, .never-area { fill: #ff7b72 }
.never-line { stroke: #ff7b72 }
}";

/// A document in the making.
#[derive(Default)]
pub(super) struct Page {
    elements: Vec<String>,
}

impl Page {
    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.anchored(x, y, class, "start", text);
    }

    pub(super) fn anchored(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        self.elements.push(format!(
            r#"<text x="{x:.1}" y="{y:.1}" class="{class}" text-anchor="{anchor}">{}</text>"#,
            escape(text)
        ));
    }

    /// Text that reads upwards, centred at the point.
    pub(super) fn rotated(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.elements.push(format!(
            r#"<text transform="translate({x:.1} {y:.1}) rotate(-90)" class="{class}" text-anchor="middle">{}</text>"#,
            escape(text)
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        self.elements.push(format!(
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" class="{class}"/>"#,
            from.0, from.1, to.0, to.1
        ));
    }

    pub(super) fn rect(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let (width, height) = ((to.0 - from.0).max(0.0), (to.1 - from.1).max(0.0));
        self.elements.push(format!(
            r#"<rect x="{:.1}" y="{:.1}" width="{width:.1}" height="{height:.1}" class="{class}"/>"#,
            from.0, from.1
        ));
    }

    pub(super) fn dot(&mut self, at: (f64, f64)) {
        self.elements.push(format!(r#"<circle cx="{:.1}" cy="{:.1}" r="3" class="dot"/>"#, at.0, at.1));
    }

    /// A line through the points, and the area between it and the base.
    pub(super) fn area(&mut self, points: &[(f64, f64)], base: f64, class: &str) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
        let line = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ");
        self.elements.push(format!(
            r#"<polygon points="{:.1},{base:.1} {line} {:.1},{base:.1}" class="{class}-area"/>"#,
            first.0, last.0
        ));
        self.elements.push(format!(r#"<polyline points="{line}" class="{class}-line"/>"#));
    }

    /// The document, with its title and a description for those who cannot see it.
    pub(super) fn finish(self, width: f64, height: f64, title: &str, description: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n\
             <style>\n{STYLE}\n</style>\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\" class=\"paper\"/>\n{}\n</svg>\n",
            escape(title),
            escape(description),
            width - 1.0,
            height - 1.0,
            self.elements.join("\n")
        )
    }
}

/// Text as XML text. Control characters, which XML does not allow, are dropped.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// About how wide a text is: letters of these fonts are rarely wider on average than 0.58 of their size.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    crate::window::count(text.chars().count()) * size * 0.58
}
