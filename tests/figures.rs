//! Figures of runs and of the gallery, as a user asks for them: formats, sizes, parameters of one's
//! own, many outputs; and what `check` says of few sizes.

#![cfg(feature = "cli")]

use std::path::Path;
use std::process::Command;

const UPHILL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scenarios/uphill.toml");

struct Answer {
    status: Option<i32>,
    out: String,
    err: String,
}

fn run(folder: &Path, arguments: &[&str]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_flipchain"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    Answer {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let answer = run(folder, arguments);
    assert_eq!(answer.status, Some(0), "{arguments:?}: {}", answer.err);
    answer.out
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Text in embedded TrueType fonts, with a table back to letters.
fn is_a_pdf_with_fonts(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let holds = |word: &[u8]| bytes.windows(word.len()).any(|w| w == word);
    assert!(bytes.starts_with(b"%PDF-") && holds(b"%%EOF"), "{}", path.display());
    for word in [&b"/FontFile2"[..], b"/ToUnicode", b"/Identity-H", b"DejaVuSansCondensed"] {
        assert!(holds(word), "{}: {}", path.display(), String::from_utf8_lossy(word));
    }
}

#[test]
fn a_run_draws_the_formats_that_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let small = ["--set", "chain.bonds=8", "-q"];
    let with = |arguments: &[&str]| done(at, &[arguments, &small].concat());
    with(&["steady", UPHILL, "-o", "a", "--figures", "pdf"]);
    assert_eq!(names(&at.join("a/figures")), ["profiles.csv", "profiles.pdf"]);
    is_a_pdf_with_fonts(&at.join("a/figures/profiles.pdf"));
    with(&["steady", UPHILL, "-o", "b", "--figures", "none"]);
    assert!(!at.join("b/figures").exists());
    with(&["limit", UPHILL, "-o", "c"]);
    assert_eq!(names(&at.join("c/figures")), ["limit.csv", "limit.png", "limit.svg"]);
    let refused = run(at, &["evolve", UPHILL, "-o", "d", "--figures", "jpg"]);
    assert_eq!(refused.status, Some(2));
    assert!(refused.err.contains("svg, png, pdf"), "{}", refused.err);
    assert!(!at.join("d").exists());
}

/// The current of the chain that was just pulled is thirty times that of its end.
#[test]
fn the_last_current_can_be_read_and_a_line_shows_its_sign() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let outputs = "time.outputs=[0.001, 0.01, 0.1, 1]";
    done(at, &["evolve", UPHILL, "-o", "run", "-q", "--set", outputs, "--figures", "svg"]);
    let csv = std::fs::read_to_string(at.join("run/figures/profiles.csv")).unwrap();
    let of_d = |says: &str| csv.lines().find(|l| l.starts_with("# panel d") && l.contains(says));
    assert!(of_d("title: early curves go on to -0.24").is_some(), "{}", &csv[..2000]);
    assert!(of_d("series \"zero\": guide").is_some());
    let range = of_d("y is").and_then(|l| l.split("(linear from ").nth(2)).unwrap();
    let low: f64 = range.split(' ').next().unwrap().parse().unwrap();
    // Six times the last current at most, 0.0079 at the right end.
    assert!((-0.06..-0.03).contains(&low), "{range}");
}

#[test]
fn many_outputs_are_ten_curves_and_a_map_with_their_errors() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let outputs = "time.outputs={from=0.001,to=1,count=40,spacing=\"log\"}";
    done(at, &["evolve", UPHILL, "-o", "run", "-q", "--set", "chain.bonds=10", "--set", outputs]);
    let csv = std::fs::read_to_string(at.join("run/figures/profiles.csv")).unwrap();
    let mut series: Vec<&str> = csv.lines().filter(|l| l.starts_with("a,")).collect();
    series.iter_mut().for_each(|row| *row = row.split('"').nth(1).unwrap());
    series.dedup();
    assert_eq!(series.len(), 10);
    assert!(series.iter().all(|name| name.starts_with("t = ")), "{series:?}");
    let svg = std::fs::read_to_string(at.join("run/figures/profiles.svg")).unwrap();
    assert!(svg.contains(">outputs<") || svg.contains("output"), "10 of 40 are drawn: say it");
    let map = std::fs::read_to_string(at.join("run/figures/map.csv")).unwrap();
    let rows = map.lines().filter(|l| l.starts_with("c,")).count();
    assert_eq!(rows, 40 * 10);
    for text in [&csv, &map] {
        let errors: Vec<f64> = text
            .lines()
            .filter(|l| !l.starts_with('#') && !l.contains("\"zero\""))
            .skip(1)
            .map(|l| l.rsplit(',').next().unwrap().parse().unwrap())
            .collect();
        assert!(errors.iter().all(|e| *e > 0.0 && *e < 1e-8), "the run's own estimates");
        assert!(text.contains("N = 10; gamma = 1; mean force F = 2"), "{}", &text[..600]);
    }
}

#[test]
fn a_gallery_figure_takes_parameters_size_and_formats_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let parabola = ["figures", "parabola", "-q", "--set", "chain.bonds=12"];
    fn with<'a>(first: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
        [first, more].concat()
    }
    let own = ["--set", "right.force.mean=0.9", "--size", "single", "--figures", "pdf,svg,html"];
    done(at, &with(&with(&parabola, &own), &["-o", "out"]));
    assert_eq!(
        names(&at.join("out")),
        ["parabola.csv", "parabola.html", "parabola.pdf", "parabola.svg", "parabola.tex"]
    );
    is_a_pdf_with_fonts(&at.join("out/parabola.pdf"));
    let read = |name: &str| std::fs::read_to_string(at.join("out").join(name)).unwrap();
    let csv = read("parabola.csv");
    assert!(csv.contains("\"exact, F = 0.9, N = 12\"") && !csv.contains("F = 1.5"));
    assert!(read("parabola.svg").contains("width=\"86mm\""));
    let page = read("parabola.html");
    let titled = "<title>Stationary heat: hottest where no thermostat is</title>";
    assert!(page.contains(titled) && page.contains("a constant force F\u{304} = 0.9. Discs"));
    let tex = read("parabola.tex");
    assert!(tex.contains(r"\bar F = 0.9$") && tex.contains("$N = 12$"), "{tex}");
    assert!(tex.contains("--set 'right.force.mean=0.9'"), "{tex}");
    assert_eq!(tex.matches('$').count() % 2, 0);
    // The limit at its middle: F̄² / 4 + (T_+ + T_-) / 2, T = 2 and 1.
    let middle =
        csv.lines().find_map(|l| l.strip_prefix("a,\"limit, F = 0.9\",5.00000000000e-1,")).unwrap();
    let value: f64 = middle.split(',').next().unwrap().parse().unwrap();
    assert!((value - (0.81 / 4.0 + 1.5)).abs() < 1e-10, "{value}");
    // A list, another size.
    let list = ["--set", "right.force.mean=[0.5, 1.5]", "--size", "120x80", "--figures", "svg"];
    done(at, &with(&with(&parabola, &list), &["-o", "out", "--force"]));
    assert!(read("parabola.svg").contains("width=\"120mm\" height=\"80mm\""));
    assert!(read("parabola.csv").contains("F = 1.5"));
    // What does not do is refused before anything is computed.
    for (bad, says) in [
        (&["--set", "right.force.mean=strong"][..], "a list of at most 12 numbers"),
        (&["--set", "chain.bond=4"], "bond"),
        (&["--set", "right.force.mean=1", "--size", "huge"], "WIDTHxHEIGHT"),
    ] {
        let answer = run(at, &with(&with(&parabola, bad), &["-o", "bad"]));
        assert_eq!(answer.status, Some(2), "{bad:?}: {}", answer.err);
        assert!(answer.err.contains(says), "{}", answer.err);
        assert!(!at.join("bad").exists());
    }
    // --format is that of standard output, as with every command.
    let answer = run(at, &with(&parabola, &["-o", "bad", "--format", "pdf"]));
    assert_eq!(answer.status, Some(2));
    assert!(answer.err.contains("--figures pdf"), "{}", answer.err);
    let json = ["figures", "uphill", "-o", "json", "--format", "json", "--figures", "svg"];
    let said: serde_json::Value = serde_json::from_str(&done(at, &json)).unwrap();
    assert_eq!((&said["figure"], &said["path"]), (&"uphill".into(), &"json/uphill".into()));
    let answer = run(at, &["figures", "cost", "-o", "bad", "--set", "chain.bonds=3"]);
    assert_eq!(answer.status, Some(2));
    assert!(answer.err.contains("measured before"), "{}", answer.err);
}

/// Case H: the momentum at the left end is 1e-28 there, so an error of 1e-17 is no reason to fail;
/// two sizes have no rate, which is said once.
#[test]
fn check_judges_what_vanishes_by_what_does_not_and_says_once_that_two_sizes_are_too_few() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let two = ["--sizes", "16,32", "--set", "time.outputs=[0.01]"];
    let out = done(at, &[&["check", UPHILL, "-o", "run"][..], &two].concat());
    assert_eq!(out.matches("need at least 3 sizes").count(), 1, "{out}");
    assert!(!out.contains("can be told") && !out.contains("too few sizes to fit"), "{out}");
    assert!(out.contains("2 sizes, 1 time\n"), "{out}");
    let csv = std::fs::read_to_string(at.join("run/check.csv")).unwrap();
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("statement,bonds,t,value,limit,bound,value_error"));
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let (value, error): (f64, f64) = (fields[3].parse().unwrap(), fields[6].parse().unwrap());
        assert!(error > 0.0 && error < 1e-9, "{line}");
        // The exact value is 1e-28.
        assert!(fields[0] != "boundary_left" || value <= error, "{line}");
    }
    // The figures' data state the same errors.
    let csv = std::fs::read_to_string(at.join("run/figures/energy.csv")).unwrap();
    let errors: Vec<f64> = csv
        .lines()
        .filter(|l| l.starts_with("a,"))
        .map(|l| l.rsplit(',').next().unwrap().parse().unwrap())
        .collect();
    assert!(!errors.is_empty() && errors.iter().all(|e| *e > 0.0 && *e < 1e-9), "{csv}");
    // One size is no figure, and no reason to fail.
    let one = ["--sizes", "16", "--set", "time.outputs=[0.01]", "-o", "one", "--figures", "none"];
    assert!(done(at, &[&["check", UPHILL][..], &one].concat()).contains("1 size, 1 time\n"));
}

#[test]
fn omegas_without_an_oscillating_force_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let answer = run(at, &["check", UPHILL, "-o", "run", "--omegas", "1,2"]);
    assert_eq!(answer.status, Some(2), "{}", answer.err);
    assert!(answer.err.contains("--omegas: the force of this chain does not oscillate"));
    assert!(!at.join("run").exists());
}

#[test]
fn a_page_of_a_run_has_all_its_outputs_and_the_drawings_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let run = |formats: &str, name: &str| {
        let status = std::process::Command::new(env!("CARGO_BIN_EXE_flipchain"))
            .args(["evolve", "small", "-q", "-o", name, "--figures", formats])
            .args(["--set", "time.outputs={from=0, to=1, count=15}"])
            .current_dir(folder.path())
            .status()
            .unwrap();
        assert!(status.success());
        let mut names: Vec<String> = std::fs::read_dir(folder.path().join(name).join("figures"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let drawn = ["map.csv", "map.svg", "profiles.csv", "profiles.svg"];
    assert_eq!(run("svg", "a"), drawn);
    assert_eq!(run("svg,html", "b"), [&drawn[..], &["report.html"]].concat());
    let page = std::fs::read_to_string(folder.path().join("b/figures/report.html")).unwrap();
    let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let table = std::fs::read_to_string(folder.path().join("b/profiles.csv")).unwrap();
    // The thermal energy of the last output at the last site, digit by digit.
    let last: Vec<&str> = table.lines().last().unwrap().split(',').collect();
    let layers = data["panels"][2]["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 15);
    let points = layers[14]["points"].as_array().unwrap();
    assert_eq!(points.last().unwrap()[1].as_f64().unwrap(), last[8].parse::<f64>().unwrap());
    assert!(layers[14]["errors"][0].as_f64().unwrap() >= 0.0);
    // Below the curves stand the maps of the same quantities, a row for each output.
    assert_eq!(data["panels"].as_array().unwrap().len(), 8);
    let map = &data["panels"][6]["map"];
    assert_eq!(
        (&data["panels"][6]["title"], &map["name"]),
        (&"thermal energy e_heat".into(), &"e_heat".into())
    );
    let rows = map["values"].as_array().unwrap();
    let values = rows.last().unwrap().as_array().unwrap();
    assert_eq!(rows.len(), 15);
    assert_eq!(values.last().unwrap().as_f64().unwrap(), last[8].parse::<f64>().unwrap());
    let words = data["words"].to_string();
    assert!(words.contains("worst violation of an exact identity"), "{words}");
}

/// Without a force nothing is stretched and nothing moves: two columns vanish, in the stationary
/// state as well as before.
#[test]
fn columns_that_vanish_are_left_out_of_a_run_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let small = ["--set", "chain.bonds=12", "-q", "--figures", "svg"];
    for (command, scenario) in [("steady", "heat_flow"), ("evolve", "disordered")] {
        done(at, &[&[command, scenario, "-o", command], &small[..]].concat());
        let read = |name: &str| {
            std::fs::read_to_string(at.join(command).join("figures").join(name)).unwrap()
        };
        let csv = read("profiles.csv");
        assert!(csv.contains("# panel a: x is \"x\" (linear from 0 to 1); y is \"thermal energy"));
        assert!(csv.contains("# panel b:") && csv.contains("y is \"energy current J\""));
        assert!(!csv.contains("# panel c:"), "{scenario}");
        assert_eq!(csv.contains("initial temperature = 2 - x"), command == "evolve");
        // Words stand one by one in the drawing: r̄ and e_mech, each "= 0".
        let zeros = read("profiles.svg").matches("mech").count();
        assert_eq!(zeros, 1, "{scenario}");
    }
}
