//! The gallery: the committed data are what the program computes, nothing on a figure is in the way
//! of anything else, and a figure is the same on every run. Here for the figures that take a
//! second; `cargo test --test gallery -- --ignored` does all of them.
#![cfg(feature = "cli")]

mod agreement;
#[path = "gallery/drawn_again.rs"]
mod drawn_again;
#[path = "gallery/settings.rs"]
mod settings;

use drawn_again::{is_redrawn_from_its_csv_alone, redrawn};
use flipchain::figures::gallery::{self, Entry, GALLERY};
use flipchain::figures::style::Theme;
use flipchain::figures::{Figure, Format, Mark};
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
