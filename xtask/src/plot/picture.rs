//! Draws a run as SVG.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::run_log::{Dot, Kind, RunLog};
use super::scale::{Scale, tidy};

const WIDTH: f64 = 900.0;
/// The panels' left and right edges.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 882.0;
/// The upper panel's first and last pixel.
const TOP: f64 = 118.0;
const BOTTOM: f64 = 410.0;
const SMALL_HEIGHT: f64 = 74.0;
/// The distance from one panel to the next, with the title of the next.
const GAP: f64 = 38.0;

const INK: &str = "#1f2328";
const PALE_INK: &str = "#59636e";
const GRID: &str = "#e6e8eb";
const LINE: &str = "#d3d7dc";

/// Colours of Okabe and Ito, which colour-blind readers can tell apart; in the order of the legend.
const KINDS: [(Kind, &str, &str); 5] = [
    (Kind::Unchanged, "#a4abb3", "unchanged"),
    (Kind::Hyperparameter, "#e69f00", "hyperparameter"),
    (Kind::Architecture, "#0072b2", "architecture"),
    (Kind::Parameters, "#009e73", "weights"),
    (Kind::Activation, "#cc79a7", "activation"),
];

/// Draws the fitness of all individuals over the course of the run, and below it their hyperparameters and networks.
pub(crate) fn draw(log: &RunLog) -> String {
    let ancestry = log.ancestry();
    let steps = Scale::from_zero(log.dots.iter().map(|dot| dot.env_steps as f64), (LEFT, RIGHT));
    let mut picture =
        Picture { svg: String::new(), log, ancestry: ancestry.iter().copied().collect(), path: ancestry, steps };

    let panels: Vec<Panel> = small_panels().filter(|panel| panel.says_something(log)).collect();
    let last = BOTTOM + panels.len() as f64 * (GAP + SMALL_HEIGHT);
    let height = last + 48.0;
    picture.open(height);
    picture.head();
    picture.fitness(log.target);
    for (place, panel) in panels.iter().enumerate() {
        let top = BOTTOM + place as f64 * (GAP + SMALL_HEIGHT) + GAP;
        picture.small(panel, top);
    }
    picture.steps_axis(last);
    picture.svg.push_str("</svg>\n");
    picture.svg
}

/// One of the lower panels: a trait of the individuals.
struct Panel {
    title: &'static str,
    log: bool,
    /// Whether it is shown even if it never changes.
    always: bool,
    value: fn(&Dot) -> Option<f64>,
}

fn small_panels() -> impl Iterator<Item = Panel> {
    let hyperparameter = |title, log, always, value| Panel { title, log, always, value };
    [
        hyperparameter("Learning rate", true, true, |dot| dot.hyperparameters.get("lr").copied()),
        hyperparameter("Batch size (transitions)", false, true, |dot| dot.hyperparameters.get("batch_size").copied()),
        hyperparameter("Environment steps per update", false, false, |dot| {
            dot.hyperparameters.get("learn_step").copied()
        }),
        hyperparameter("Hidden nodes, all layers", false, true, |dot| dot.hidden_nodes.map(|nodes| nodes as f64)),
    ]
    .into_iter()
}

impl Panel {
    fn says_something(&self, log: &RunLog) -> bool {
        let mut values = log.dots.iter().filter_map(self.value);
        values.next().is_some_and(|first| self.always || values.any(|value| value != first))
    }
}

struct Picture<'a> {
    svg: String,
    log: &'a RunLog,
    /// The dots that lead to the elite: the last first, and as a set.
    path: Vec<usize>,
    ancestry: BTreeSet<usize>,
    steps: Scale,
}

impl Picture<'_> {
    fn open(&mut self, height: f64) {
        let title = escaped(&self.title());
        self.add(format_args!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12" fill="{PALE_INK}">
<title>{title}</title>
<rect width="{WIDTH}" height="{height}" rx="6" fill="#fff"/>"##
        ));
    }

    /// The title, the result, and the legend of the colours.
    fn head(&mut self) {
        let title = escaped(&self.title());
        self.add(format_args!(r#"<text x="24" y="34" font-size="19" font-weight="600" fill="{INK}">{title}</text>"#));
        let course = escaped(&self.course());
        self.add(format_args!(r#"<text x="24" y="55" font-size="13">{course}</text>"#));
        let mut x = 92.0;
        let mut entry = |picture: &mut Self, mark: String, words: &str, width: f64| {
            picture.add(format_args!(r#"{mark}<text x="{:.0}" y="82">{words}</text>"#, x + width));
            // The font is not known: letters are assumed to be as wide as in the wider fonts.
            x += width + 6.4 * words.len() as f64 + 18.0;
            x
        };
        self.add(format_args!(r#"<text x="24" y="82">Mutation:</text>"#));
        let mut next = 92.0;
        for (kind, colour, words) in KINDS {
            if self.log.dots.iter().any(|dot| dot.kind == kind) {
                let mark = format!(r#"<circle cx="{:.1}" cy="78" r="4.5" fill="{colour}"/>"#, next + 5.0);
                next = entry(self, mark, words, 15.0);
            }
        }
        let mark = format!(r#"<path d="M{next:.1} 78h22" stroke="{LINE}" stroke-width="1.4"/>"#);
        next = entry(self, mark, "parent to child", 28.0);
        let mark = format!(r#"<path d="M{next:.1} 78h22" stroke="{INK}" stroke-width="2"/>"#);
        entry(self, mark, "ancestry of the elite", 28.0);
        if self.log.tests.iter().any(|test| !test.reached) {
            // In the line of the panel that it stands in: this one is full.
            self.add(format_args!(
                r##"<path d="M330 104l5 -5l5 5l-5 5z" fill="#fff" stroke="{INK}"/><text x="346" y="108">refuted by fresh episodes</text>"##
            ));
        }
    }

    fn fitness(&mut self, target: Option<f64>) {
        let episodes = self.log.dots.iter().map(|dot| dot.episodes).max().unwrap_or(0);
        let means = self.log.tests.iter().map(|test| test.mean);
        let values = self.log.dots.iter().map(|dot| dot.fitness).chain(means).chain(target);
        let floor = floor(self.log.dots.iter().map(|dot| dot.fitness));
        let cut =
            if self.log.dots.iter().any(|dot| dot.fitness < floor) { " (some below lie on the edge)" } else { "" };
        self.panel_title(&format!("Fitness: mean return of {episodes} episodes{cut}"), TOP - 10.0);
        let scale = Scale::linear(values.map(|value| value.max(floor)), (BOTTOM, TOP));
        self.grid(&scale, 6, TOP, BOTTOM);
        if let Some(target) = target {
            let y = scale.pixel(target);
            self.add(format_args!(
                r#"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="{INK}" stroke-width="1" stroke-dasharray="5 4"/><text x="{:.1}" y="{:.1}" fill="{INK}">target {}</text>"#,
                LEFT + 6.0,
                y - 6.0,
                number(target)
            ));
        }
        self.lineage(|dot| dot.fitness.is_finite().then(|| scale.pixel(dot.fitness)), 3.6, 0.0);
        self.tests(&scale);
    }

    /// Draws evaluations on fresh episodes: the one that ended the run as a ring with a text, failed ones as small diamonds.
    fn tests(&mut self, scale: &Scale) {
        let elite = self.log.end.as_ref().map(|end| end.elite);
        let last = self.log.tests.iter().rposition(|test| Some(test.id) == elite);
        for (place, test) in self.log.tests.iter().enumerate().filter(|(_, test)| test.mean.is_finite()) {
            let (x, y) = (self.steps.pixel(test.env_steps as f64), scale.pixel(test.mean));
            if Some(place) != last {
                self.add(format_args!(
                    r##"<path d="M{x:.1} {:.1}l5 5l-5 5l-5 -5z" fill="#fff" stroke="{INK}"/>"##,
                    y - 5.0
                ));
                continue;
            }
            let verb = if test.reached { "confirmed" } else { "elite" };
            let words =
                format!("{verb}: {} over {} fresh episodes", number((10.0 * test.mean).round() / 10.0), test.episodes);
            self.add(format_args!(
                r##"<circle cx="{x:.1}" cy="{y:.1}" r="7.5" fill="none" stroke="#d1242f" stroke-width="2.4"/><text x="{:.1}" y="{:.1}" font-size="13" font-weight="600" text-anchor="end" fill="#d1242f" stroke="#fff" stroke-width="4" stroke-linejoin="round" paint-order="stroke">{words}</text>"##,
                x - 6.0,
                y - 13.0
            ));
        }
    }

    fn small(&mut self, panel: &Panel, top: f64) {
        let bottom = top + SMALL_HEIGHT;
        self.panel_title(panel.title, top - 9.0);
        let values = self.log.dots.iter().filter_map(panel.value);
        let scale = if panel.log { Scale::log(values, (bottom, top)) } else { Scale::linear(values, (bottom, top)) };
        self.grid(&scale, 3, top, bottom);
        // Many individuals have the same value: side by side, they can be counted.
        let room = (RIGHT - LEFT) / self.log.generations.max(1) as f64;
        let apart = (0.62 * room / self.log.population.max(1) as f64).min(4.0);
        self.lineage(|dot| (panel.value)(dot).map(|value| scale.pixel(value)), 2.6, apart);
    }

    /// Lines from parents to children, then the dots; the elite's ancestry above the others.
    fn lineage(&mut self, height: impl Fn(&Dot) -> Option<f64>, radius: f64, apart: f64) {
        let middle = (self.log.population as f64 - 1.0) / 2.0;
        let place = |dot: usize| {
            let dot = &self.log.dots[dot];
            Some((self.steps.pixel(dot.env_steps as f64) + apart * (dot.place as f64 - middle), height(dot)?))
        };
        let mut lines = String::new();
        for (child, dot) in self.log.dots.iter().enumerate() {
            lines.extend(dot.from.iter().filter_map(|&parent| Some(curve(place(parent)?, place(child)?))));
        }
        let path: String =
            self.path.windows(2).filter_map(|pair| Some(curve(place(pair[1])?, place(pair[0])?))).collect();
        let mut dots = String::new();
        for (emphasised, edge) in [(false, "#fff"), (true, INK)] {
            if emphasised {
                writeln!(dots, r#"<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.8"/>"#)
                    .expect("a string");
            }
            for (kind, colour, _) in KINDS {
                let members = (0..self.log.dots.len())
                    .filter(|dot| self.log.dots[*dot].kind == kind && self.ancestry.contains(dot) == emphasised);
                let circles: String = members
                    .filter_map(place)
                    .map(|(x, y)| format!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}"/>"#))
                    .collect();
                if !circles.is_empty() {
                    let width = if emphasised { 1.3 } else { 0.7 };
                    writeln!(dots, r#"<g fill="{colour}" stroke="{edge}" stroke-width="{width}">{circles}</g>"#)
                        .expect("a string");
                }
            }
        }
        self.add(format_args!(r#"<path d="{lines}" fill="none" stroke="{LINE}" stroke-width="1"/>"#));
        self.svg.push_str(&dots);
    }

    fn grid(&mut self, scale: &Scale, ticks: usize, top: f64, bottom: f64) {
        for tick in scale.ticks(ticks) {
            let y = scale.pixel(tick);
            self.add(format_args!(
                r#"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="{GRID}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
                LEFT - 8.0,
                y + 4.0,
                number(tick)
            ));
        }
        self.add(format_args!(r##"<path d="M{LEFT} {top:.1}V{bottom:.1}" stroke="#c3c8ce"/>"##));
    }

    fn steps_axis(&mut self, y: f64) {
        self.add(format_args!(r##"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="#c3c8ce"/>"##));
        let longest = self.log.dots.iter().map(|dot| dot.env_steps).max().unwrap_or(0);
        let (unit, words) = unit(longest);
        for tick in self.steps.ticks(8) {
            let x = self.steps.pixel(tick);
            self.add(format_args!(
                r##"<path d="M{x:.1} {y:.1}v5" stroke="#c3c8ce"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"##,
                y + 19.0,
                number(tidy(tick / unit))
            ));
        }
        let (x, y) = ((LEFT + RIGHT) / 2.0, y + 38.0);
        self.add(format_args!(
            r#"<text x="{x}" y="{y:.1}" text-anchor="middle">Environment steps trained by the whole population{words}</text>"#
        ));
    }

    fn panel_title(&mut self, words: &str, y: f64) {
        self.add(format_args!(r#"<text x="{LEFT}" y="{y:.1}" font-weight="600" fill="{INK}">{words}</text>"#));
    }

    fn title(&self) -> String {
        let RunLog { seed, population, .. } = self.log;
        let env = self.log.env.as_deref().unwrap_or("A run");
        format!("{env}: {population} agents learn and evolve (seed {seed})")
    }

    fn course(&self) -> String {
        let generations = self.log.generations;
        let Some(end) = &self.log.end else {
            return format!("{generations} generations so far");
        };
        let (unit, _) = unit(end.env_steps);
        let word = if unit == 1e6 {
            " million"
        } else if unit == 1e3 {
            " thousand"
        } else {
            ""
        };
        let steps = tidy((end.env_steps as f64 / unit * 100.0).round() / 100.0);
        let time = if end.wall_seconds < 100.0 {
            format!("{:.0} seconds", end.wall_seconds)
        } else {
            format!("{:.1} minutes", end.wall_seconds / 60.0)
        };
        format!("{generations} generations, {steps}{word} environment steps, {time}")
    }

    fn add(&mut self, line: std::fmt::Arguments<'_>) {
        self.svg.write_fmt(line).expect("strings take all text");
        self.svg.push('\n');
    }
}

/// The lower end of the fitness axis: a few very negative crashes would compress everything else. Dots below it are drawn
/// on the edge.
fn floor(fitness: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = fitness.filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(most), Some(low)) = (sorted.last(), sorted.get(sorted.len() / 50)) else { return f64::NEG_INFINITY };
    low - 0.3 * (most - low)
}

/// A curve from a parent to its child, horizontal at both ends.
fn curve((x0, y0): (f64, f64), (x1, y1): (f64, f64)) -> String {
    let middle = (x0 + x1) / 2.0;
    format!("M{x0:.1} {y0:.1}C{middle:.1} {y0:.1} {middle:.1} {y1:.1} {x1:.1} {y1:.1}")
}

fn unit(longest: u64) -> (f64, &'static str) {
    match longest {
        1_000_000.. => (1e6, " (millions)"),
        10_000.. => (1e3, " (thousands)"),
        _ => (1.0, ""),
    }
}

/// With a real minus sign.
fn number(value: f64) -> String {
    value.to_string().replace('-', "\u{2212}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(log: &str) -> String {
        let log = RunLog { env: Some("<My&Env>".into()), ..RunLog::parse(log).unwrap() };
        draw(&log)
    }

    const LOG: &str = include_str!("../../tests/run/events.jsonl");

    #[test]
    fn every_individual_is_a_dot_in_every_panel() {
        let svg = picture(LOG);
        // 6 individuals in 4 panels, 3 kinds of mutation in the legend, 1 ring around the confirmed mean.
        assert_eq!(svg.matches("<circle").count(), 6 * 4 + 3 + 1);
        assert!(!svg.contains("Environment steps per update"), "it never changed");
    }

    #[test]
    fn the_names_are_safe_and_the_numbers_finite() {
        let svg = picture(&LOG.replace(r#""fitness":3.0"#, r#""fitness":null"#));
        assert!(svg.contains("&lt;My&amp;Env&gt;: 2 agents learn and evolve (seed 7)"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 5 + 6 * 3 + 3 + 1, "an individual without fitness has no dot above");
    }

    #[test]
    fn the_target_and_its_confirmation_are_in_words() {
        let svg = picture(LOG);
        assert!(svg.contains(">target 20<"));
        assert!(svg.contains(">confirmed: 20.5 over 100 fresh episodes<"));
    }

    #[test]
    fn a_few_crashes_do_not_press_the_rest_together() {
        let fitness = (0..100).map(|i| if i == 7 { -5000.0 } else { f64::from(i) });
        // The third-lowest of a hundred is 1; three tenths of the way up to 99 further down.
        assert!((floor(fitness) - (1.0 - 29.4)).abs() < 1e-9);
    }
}
