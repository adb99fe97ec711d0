//! The gallery: the committed data are what the program computes, nothing on a figure is in the way
//! of anything else, and a figure is the same on every run. Here for the figures that take a
//! second; `cargo test --test gallery -- --ignored` does all of them.
#![cfg(feature = "cli")]

mod agreement;

use flipchain::figures::gallery::{self, Entry, GALLERY};
use flipchain::figures::style::Theme;
use flipchain::figures::{Axis, Figure, Format, Layer, Map, Mark, Panel};
use flipchain::monitor::Monitor;
use std::path::Path;
use std::process::Command;

const QUICK: [&str; 7] =
    ["parabola", "covariance", "phonons", "structure", "pinning", "periodic", "cost"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn quick() -> impl Iterator<Item = &'static Entry> {
    GALLERY.iter().filter(|entry| QUICK.contains(&entry.name))
}

fn figure(entry: &Entry) -> Figure {
    entry.draw(&[], &Monitor::default()).unwrap_or_else(|e| panic!("{}: {e}", entry.name))
}

/// panel and series, then x, y, value, error; a field that is empty is NaN.
fn rows(csv: &str) -> Vec<(String, [f64; 4])> {
    csv.lines()
        .filter(|line| !line.starts_with('#'))
        .skip(1)
        .map(|line| {
            // A series may have commas; the numbers have none.
            let mut fields: Vec<&str> = line.rsplitn(5, ',').collect();
            fields.reverse();
            let number = |i: usize| fields[i].parse().unwrap_or(f64::NAN);
            (fields[0].to_owned(), [number(1), number(2), number(3), number(4)])
        })
        .collect()
}

/// The committed data are those of this figure: to 1e-9 of a series' largest value, or to the error
/// that both state.
fn agrees_with_the_committed_data(figure: &Figure) {
    let path = root().join("figures").join(format!("{}.csv", figure.name));
    let committed =
        rows(&std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
    let computed = rows(&figure.csv());
    assert_eq!(committed.len(), computed.len(), "{}", figure.name);
    let largest = |series: &str, column: usize| {
        let of_series = committed.iter().filter(|row| row.0 == series && row.1[column].is_finite());
        agreement::largest(of_series.map(|row| row.1[column]))
    };
    let mut scale = (String::new(), [0.0; 3]);
    for (old, new) in committed.iter().zip(&computed) {
        assert_eq!(old.0, new.0, "{}", figure.name);
        if scale.0 != old.0 {
            scale = (old.0.clone(), [0, 1, 2].map(|column| largest(&old.0, column)));
        }
        for column in 0..3 {
            let (a, b) = (old.1[column], new.1[column]);
            // Both are within their error of the truth; roundings of what vanishes are no
            // difference.
            let allowed = (1e-9 * scale.1[column]).max(old.1[3] + new.1[3]).max(1e-12);
            assert!(
                a.is_nan() && b.is_nan() || (a - b).abs() <= allowed,
                "{}: {} {a} {b}",
                figure.name,
                old.0
            );
        }
    }
}

fn is_readable(figure: &Figure) {
    for theme in [Theme::PRINT, Theme::SLIDES] {
        assert_eq!(figure.overlaps(&theme).expect("the fonts are there"), Vec::<String>::new());
    }
}

/// Every tag that opens closes, in order; no attribute is a number that is none.
fn is_well_formed(svg: &str, name: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        // A map is an image in letters of base 64, where any word may stand.
        let numbers = tag.split("href=").next().unwrap_or_default();
        assert!(!numbers.contains("NaN") && !numbers.contains("inf"), "{name}: {numbers}");
        assert!(tag.matches('"').count() % 2 == 0, "{name}: {numbers}");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed.trim()), "{name}");
        } else if !tag.ends_with('/') && !tag.starts_with(['?', '!']) {
            open.push(tag.split_whitespace().next().unwrap_or_default());
        }
    }
    assert!(open.is_empty(), "{name}: {open:?}");
}

#[test]
fn quick_figures_show_the_committed_data_and_nothing_is_in_the_way() {
    for entry in quick() {
        let figure = figure(entry);
        agrees_with_the_committed_data(&figure);
        is_readable(&figure);
        is_redrawn_from_its_csv_alone(&figure);
    }
}

#[test]
#[ignore = "computes the whole gallery: minutes"]
fn all_figures_show_the_committed_data_and_nothing_is_in_the_way() {
    for entry in GALLERY {
        let figure = figure(entry);
        agrees_with_the_committed_data(&figure);
        is_readable(&figure);
        is_redrawn_from_its_csv_alone(&figure);
    }
}

/// What stands in quotes in a CSV or its comments, and what follows.
fn quoted(text: &str) -> (String, &str) {
    let text = text.strip_prefix('"').unwrap_or_else(|| panic!("no quote: {text}"));
    let (mut found, mut rest) = (String::new(), text);
    loop {
        let (before, after) = rest.split_once('"').unwrap_or_else(|| panic!("open quote: {text}"));
        found += before;
        match after.strip_prefix('"') {
            Some(more) => {
                found.push('"');
                rest = more;
            }
            None => return (found, after),
        }
    }
}

/// An axis of a comment: `"label" (logarithmic from 1 to 10)`.
fn axis(text: &str) -> Axis {
    let (label, rest) = quoted(text);
    let words: Vec<&str> = rest.trim().trim_matches(['(', ')']).split(' ').collect();
    let axis = match words[0] {
        "logarithmic" => Axis::log(label),
        "linear" => Axis::new(label),
        other => panic!("no scale: {other}"),
    };
    match words[..] {
        [_, "from", low, "to", high] => axis.over(low.parse().unwrap(), high.parse().unwrap()),
        _ => axis,
    }
}

/// A figure made of a CSV alone.
fn redrawn(csv: &str) -> Figure {
    let mut panels: Vec<Panel> = vec![];
    for line in csv.lines().filter_map(|line| line.strip_prefix("# panel ")) {
        let (letter, says) = line.split_once(": ").unwrap();
        let index = (letter.as_bytes()[0] - b'a') as usize;
        if index == panels.len() {
            panels.push(Panel::default());
        }
        let panel = &mut panels[index];
        if let Some(axes) = says.strip_prefix("x is ") {
            let (x, y) = axes.split_once("; y is ").unwrap();
            (panel.x, panel.y) = (axis(x), axis(y));
        } else if let Some(series) = says.strip_prefix("series ") {
            let (name, mark) = quoted(series);
            match mark.strip_prefix(": ").unwrap() {
                map if map.starts_with("map") => {
                    let words: Vec<&str> = map.split(' ').collect();
                    let (low, high) = (words[words.len() - 3], words[words.len() - 1]);
                    let range = (low.parse().unwrap(), high.parse().unwrap());
                    let divergent = map.contains("divergent");
                    panel.map = Some(Map { name, range, divergent, ..Default::default() });
                }
                mark => {
                    let all = [
                        Mark::Line,
                        Mark::Dashed,
                        Mark::Guide,
                        Mark::Disc,
                        Mark::Ring,
                        Mark::Square,
                        Mark::Diamond,
                    ];
                    let mark = all.into_iter().find(|m| m.name() == mark).unwrap();
                    let label = if mark == Mark::Guide { String::new() } else { name.clone() };
                    panel.layers.push(Layer { name, label, mark, ..Default::default() });
                }
            }
        }
    }
    for (key, [x, y, value, error]) in rows(csv) {
        let (letter, series) = key.split_once(',').unwrap();
        let panel = &mut panels[(letter.as_bytes()[0] - b'a') as usize];
        let (series, _) = quoted(series);
        match &mut panel.map {
            Some(map) if map.name == series => {
                if map.ys.last() != Some(&y) {
                    map.ys.push(y);
                    map.values.push(vec![]);
                    map.errors.push(error);
                }
                if map.ys.len() == 1 {
                    map.xs.push(x);
                }
                map.values.last_mut().unwrap().push(value);
            }
            _ => {
                let mut found = false;
                for layer in panel.layers.iter_mut().filter(|l| l.name == series) {
                    found = true;
                    layer.points.push((x, y));
                    if !error.is_nan() {
                        layer.errors.push(error);
                    }
                }
                assert!(found, "{series}: in no comment");
            }
        }
    }
    let columns = if panels.len() > 4 { 3 } else { panels.len().min(3) };
    Figure { name: "redrawn".into(), size: (178.0, 120.0), columns, panels, ..Default::default() }
}

/// From the CSV alone every panel comes back: axes, series with their points, marks and errors; and
/// it can be drawn.
fn is_redrawn_from_its_csv_alone(figure: &Figure) {
    let csv = figure.csv();
    let again = redrawn(&csv);
    assert_eq!(again.panels.len(), figure.panels.len(), "{}", figure.name);
    let near = |a: f64, b: f64, size: f64| {
        a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-6 * size.max(a.abs())
    };
    for (panel, found) in figure.panels.iter().zip(&again.panels) {
        for (axis, back) in [(&panel.x, &found.x), (&panel.y, &found.y)] {
            assert_eq!((axis.scale, axis.range), (back.scale, back.range), "{}", figure.name);
        }
        assert_eq!(panel.layers.len(), found.layers.len());
        for (layer, back) in panel.layers.iter().zip(&found.layers) {
            assert_eq!((layer.series(), layer.mark), (back.series(), back.mark));
            assert_eq!(
                layer.points.len(),
                back.points.len(),
                "{}: {}",
                figure.name,
                layer.series()
            );
            assert_eq!(
                layer.errors.len(),
                back.errors.len(),
                "{}: {}",
                figure.name,
                layer.series()
            );
            let size = layer.points.iter().fold(0.0, |s: f64, p| s.max(p.1.abs()));
            for (a, b) in layer.points.iter().zip(&back.points) {
                assert!(near(a.0, b.0, 0.0) && near(a.1, b.1, 1e-6 * size), "{}", layer.series());
            }
            for (error, written) in layer.errors.iter().zip(&back.errors) {
                assert!(written >= error, "{}: {error} {written}", layer.series());
            }
        }
        // Layers that share a name are one series in two marks.
        for (number, layer) in panel.layers.iter().enumerate() {
            for other in panel.layers[..number].iter().filter(|l| l.series() == layer.series()) {
                assert!(
                    other.points == layer.points && other.mark != layer.mark,
                    "{}: \"{}\" is not unique",
                    figure.name,
                    layer.series()
                );
            }
        }
        if let (Some(map), Some(back)) = (&panel.map, &found.map) {
            assert_eq!((map.xs.len(), map.ys.len()), (back.xs.len(), back.ys.len()));
            for (row, written) in map.values.iter().zip(&back.values) {
                assert!(row.iter().zip(written).all(|(a, b)| near(*a, *b, 1e-9)));
            }
        }
        assert_eq!(panel.map.is_some(), found.map.is_some());
    }
    let folder = tempfile::tempdir().unwrap();
    again.save(folder.path(), &Theme::PRINT, &[Format::Svg, Format::Pdf]).unwrap();
    let svg = std::fs::read_to_string(folder.path().join("redrawn.svg")).unwrap();
    is_well_formed(&svg, &figure.name);
}

#[test]
fn committed_data_name_every_series_plainly_and_say_what_they_were_computed_from() {
    for entry in GALLERY {
        let path = root().join("figures").join(format!("{}.csv", entry.name));
        let csv = std::fs::read_to_string(&path).unwrap();
        let again = redrawn(&csv);
        for (index, panel) in again.panels.iter().enumerate() {
            let letter = char::from(b'a' + index as u8);
            let says =
                csv.lines().find(|l| l.starts_with(&format!("# panel {letter}: parameters: ")));
            let says = says.unwrap_or_else(|| panic!("{}: {letter}", entry.name));
            let wanted: &[&str] =
                if entry.scenario.is_some() { &["N = ", "gamma = "] } else { &["N = "] };
            assert!(wanted.iter().all(|key| says.contains(key)), "{}: {says}", entry.name);
            let map = panel.map.iter().map(|m| (m.series(), m.errors.len() == m.ys.len()));
            let all = panel.layers.iter().map(|l| (l.series(), l.errors.len() == l.points.len()));
            for (series, with_errors) in all.chain(map) {
                let plain = !series.is_empty() && !series.contains(['*', '{', '}', '\u{304}']);
                assert!(plain, "{} {letter}: \"{series}\"", entry.name);
                assert!(with_errors || entry.name == "cost", "{} {letter}: {series}", entry.name);
            }
        }
        // Errors are stated, not left at 0.
        let errors: Vec<f64> = rows(&csv).iter().map(|row| row.1[3]).collect();
        let known = errors.iter().filter(|e| **e > 0.0).count();
        assert!(entry.name == "cost" || 2 * known > errors.len(), "{}: {known}", entry.name);
        // `cost` is measured: nobody knows its errors.
        assert!(entry.name != "cost" || errors.iter().all(|e| e.is_nan()), "{}", entry.name);
    }
}

#[test]
fn a_figure_is_the_same_on_every_run_with_any_number_of_threads() {
    let files = |threads: usize| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| figure(&GALLERY[0]))
            .save(folder.path(), &Theme::PRINT, &Format::ALL)
            .unwrap();
        ["svg", "png", "pdf", "csv"]
            .map(|e| std::fs::read(folder.path().join(format!("{}.{e}", GALLERY[0].name))).unwrap())
    };
    let one = files(1);
    assert!(one == files(3) && one == files(2));
}

#[test]
fn committed_drawings_are_well_formed_with_text_as_text_at_the_width_of_a_column() {
    for entry in GALLERY {
        let path = root().join("figures").join(format!("{}.svg", entry.name));
        let svg =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        is_well_formed(&svg, entry.name);
        assert!(svg.contains("<text "), "{}", entry.name);
        assert!(
            svg.contains("width=\"178mm\"") || svg.contains("width=\"86mm\""),
            "{}",
            entry.name
        );
        assert!(path.with_extension("png").is_file() && path.with_extension("csv").is_file());
    }
}

#[test]
fn the_page_of_the_gallery_is_the_one_the_program_writes() {
    let page = std::fs::read_to_string(root().join("docs/gallery.md")).unwrap();
    assert_eq!(page, gallery::page().unwrap(), "write it again with `flipchain figures --page`");
}

#[test]
fn the_caption_of_the_parabola_names_what_is_drawn() {
    let parabola = GALLERY.iter().find(|entry| entry.name == "parabola").unwrap();
    let equal = ["left.thermostat.temperature=1", "right.thermostat.temperature=1"];
    for (settings, has_peaks, has_path, has_threshold) in [
        (vec![], true, true, true),
        (vec!["right.force.mean=0.9"], false, false, true),
        (vec!["right.force.mean=[0.9, -1.5]"], true, true, true),
        ([&equal[..], &["right.force.mean=2"]].concat(), true, false, false),
        ([&equal[..], &["right.force.mean=0"]].concat(), false, false, false),
    ] {
        let mut settings: Vec<String> = settings.into_iter().map(String::from).collect();
        settings.push("chain.bonds=20".into());
        let caption = parabola.caption(&settings).unwrap();
        let figure = parabola.draw(&settings, &Monitor::default()).unwrap();
        let layers: Vec<_> = figure.panels.iter().flat_map(|panel| &panel.layers).collect();
        let drawn = |mark: Mark| layers.iter().any(|layer| layer.mark == mark);
        assert_eq!(drawn(Mark::Diamond), has_peaks, "{settings:?}");
        assert_eq!(drawn(Mark::Dashed), has_path, "{settings:?}");
        assert_eq!(caption.contains("(diamonds)"), has_peaks, "{settings:?}: {caption}");
        assert_eq!(caption.contains("dashed"), has_path, "{settings:?}: {caption}");
        assert_eq!(caption.contains("threshold"), has_threshold, "{settings:?}: {caption}");
    }
}

#[test]
fn figures_of_the_gallery_are_written_by_name_and_not_over_others() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flipchain"));
        let output =
            command.arg("figures").args(arguments).current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run(&["cost", "-o", "out", "-q"]), (Some(0), String::new()));
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("out"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["cost.csv", "cost.png", "cost.svg", "cost.tex"]);
    let (status, message) = run(&["cost", "-o", "out"]);
    assert!(
        status == Some(2) && message.contains("cost.svg: exists already; give --force"),
        "{message}"
    );
    assert_eq!(
        run(&["cost", "-o", "out", "-q", "--force", "--theme", "slides"]),
        (Some(0), String::new())
    );
    let (status, message) = run(&["nonsense", "-o", "out"]);
    assert!(
        status == Some(2) && message.contains("found \"nonsense\"; allowed: parabola, uphill"),
        "{message}"
    );
    // A place that cannot be written to is named.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let (status, message) = run(&["cost", "-o", "file/out"]);
    assert!(status == Some(2) && message.contains("file/out"), "{message}");
}
