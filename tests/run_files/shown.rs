//! What a run says of itself: sizes that fit, what dominates its error, and its progress.

use super::*;

#[test]
fn a_size_that_a_refusal_for_memory_names_is_accepted_and_the_next_one_is_not() {
    use flipchain::plan_evolve;
    use flipchain::{Error, InitialLaw, Keep, Method, Options, Times};
    let temperature = |x: f64| 2.0 - x;
    for (method, covariance, limit) in [
        (Method::Radau, Keep::None, 200u64 << 20),
        (Method::Radau, Keep::None, 60 << 20),
        (Method::Contour, Keep::All, 1 << 30),
        (Method::Auto, Keep::None, 64 << 20),
    ] {
        let options =
            Options { method, covariance, memory_limit: Some(limit), ..Options::default() };
        let refused = |bonds: usize| -> Option<usize> {
            let chain = flipchain::Chain::open(bonds)
                .left(flipchain::Thermostat::at(2.0))
                .right(flipchain::Thermostat::at(1.0))
                .build()
                .unwrap();
            let law = InitialLaw::local_gibbs(&chain, temperature).unwrap();
            match plan_evolve(&chain, &law, &Times::diffusive([1.0]), &options) {
                Ok(_) => None,
                Err(Error::TooLarge(error)) => Some(error.most),
                Err(error) => panic!("{error}"),
            }
        };
        let most = refused(20_000).expect("it is too large");
        assert!(most > 0, "{method} {limit}");
        assert_eq!(refused(most), None, "{method} {limit}: {most}");
        assert!(refused(most + 1).is_some(), "{method} {limit}: {most}");
    }
    // Nothing fits: it is said, with both numbers.
    let folder = tempfile::tempdir().unwrap();
    let message = refused(folder.path(), &["evolve", "uphill", "-o", "a", "--memory-limit", "4"]);
    assert!(message.contains("--memory-limit allows 4 bytes"), "{message}");
    assert!(message.contains("no chain fits") && !message.contains("0 MiB"), "{message}");
    // Only what was asked for could be less: neither phases nor profiles of a stationary state.
    let bonds = "chain.bonds=100000";
    for limit in ["4", "50MiB"] {
        let asked = ["steady", "uphill", "-o", "a", "--set", bonds, "--memory-limit", limit];
        let message = refused(folder.path(), &asked);
        assert!(message.contains("; or a larger --memory-limit"), "{message}");
        assert!(!message.contains("phases") && !message.contains("or fewer"), "{message}");
    }
}

#[test]
fn the_summary_names_what_dominates_the_error_of_every_output() {
    let folder = tempfile::tempdir().unwrap();
    let sources = |arguments: &[&str]| {
        done(folder.path(), &[arguments, &["-o", "a", "--force", "--figures", "none"]].concat());
        summary(&folder.path().join("a"))["error_sources"].clone()
    };
    let short = ["--set", "chain.bonds=12", "--set", "time.scale=\"microscopic\""];
    let evolve = |more: &[&str]| sources(&[&["evolve", "uphill"], &short[..], more].concat());
    // At a loose tolerance steps end long before roundings; the initial law itself has no error,
    // and at its right end, which is as warm as its thermostat, nothing flows.
    let loose = ["--method", "radau", "--tolerance", "1e-5", "--set", "time.outputs=[0,5]"];
    assert_eq!(evolve(&loose), serde_json::json!([null, "truncation"]));
    // At a colder one the current has a rounding.
    let colder = [&loose[..], &["--set", "right.thermostat.temperature=0.7"]].concat();
    assert_eq!(evolve(&colder), serde_json::json!(["rounding", "truncation"]));
    // The series of many steps lose less than their roundings.
    let many = ["--method", "stencil", "--set", "time.outputs=[500]"];
    assert_eq!(evolve(&many), serde_json::json!(["rounding"]));
    // The inner quadrature of the profiles has more digits than were asked for.
    for method in ["contour", "profiles"] {
        let late = ["--method", method, "--tolerance", "1e-4", "--set", "time.outputs=[500]"];
        assert_eq!(evolve(&late), serde_json::json!(["outer quadrature"]), "{method}");
    }
    // Chains with coefficients, by each of their ways.
    let general = |command: &str, more: &[&str]| {
        let masses = ["--set", "chain.mass={uniform=[0.5,1.5],seed=3}", "--tolerance", "1e-4"];
        sources(&[&[command, "uphill"], &short[..], &masses[..], more].concat())
    };
    let late = ["--set", "time.outputs=[500]"];
    for (method, source) in [("literal", "truncation"), ("profiles", "outer quadrature")] {
        let found = general("evolve", &[&["--method", method], &late[..]].concat());
        assert_eq!(found, serde_json::json!([source]), "{method}");
    }
    assert_eq!(
        general("evolve", &[&["--method", "stencil"], &late[..]].concat()),
        serde_json::json!(["truncation"])
    );
    assert!(general("steady", &[])[0].is_string());
    let still = ["--method", "exponential", "--set", "chain.flip_rate=0"];
    // The phases of the modes.
    let ends = ["--set", "time.outputs=[1e21]", "--tolerance", "0.1"];
    let free = "[chain]\ntopology = \"ring\"\nbonds = 5\nflip_rate = 0\n\
                [initial]\ntemperature = \"1 + x*(1 - x)\"\n\
                [time]\nscale = \"microscopic\"\noutputs = [1]\n";
    fs::write(folder.path().join("free.toml"), free).unwrap();
    let of_phase = sources(&[&["evolve", "free.toml"], &still[..], &ends[..]].concat());
    assert_eq!(of_phase, serde_json::json!(["input rounding"]));
    let steady = sources(&["steady", "uphill"]);
    let known = ["inner quadrature", "iteration", "rounding"];
    assert!(known.contains(&steady[0].as_str().expect("a name")), "{steady}");
    assert_eq!(steady.as_array().map(Vec::len), Some(1));
}

#[test]
fn the_error_that_is_shown_is_the_one_that_the_run_reports() {
    use flipchain::monitor::{CancelToken, Monitor};
    use flipchain::{InitialLaw, Method, Options, Thermostat, Times};
    use std::sync::{Arc, Mutex};
    let chain = flipchain::Chain::open(12).flip_rate(0.1);
    let chain = chain.left(Thermostat::at(2.0)).force(flipchain::Force::constant(1.0));
    let chain = chain.build().unwrap();
    let law = InitialLaw::local_gibbs(&chain, |x| 2.0 - x).unwrap();
    let all = [0.0, 0.7, 2.0, 2.1, 15.0, 40.0];
    for method in [Method::Radau, Method::Stencil] {
        // A run that ends earlier has fewer outputs, and shows the same until then.
        for count in [2, 4, 6] {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let into = seen.clone();
            let report = move |p: flipchain::monitor::Progress| {
                into.lock().unwrap().push((p.time, p.error));
            };
            let monitor = Monitor::new(report, &CancelToken::default());
            let options = Options { method, tolerance: 1e-7, monitor, ..Options::default() };
            let times = Times::microscopic(all[..count].to_vec());
            let run = flipchain::evolve(&chain, &law, &times, &options).unwrap();
            let reported = agreement::largest(run.errors());
            let seen = seen.lock().unwrap();
            let (time, error) = *seen.last().expect("something is reported");
            assert_eq!((time, error), (all[count - 1], reported), "{method} {count}");
            assert!(seen.iter().all(|(_, error)| *error > 0.0), "{method}: {seen:?}");
        }
    }
}

#[test]
fn the_share_that_is_shown_grows_with_the_work_on_linear_outputs_too() {
    use flipchain::monitor::{CancelToken, Monitor};
    use flipchain::{InitialLaw, Method, Options, Thermostat, Times};
    use std::sync::{Arc, Mutex};
    let chain = flipchain::Chain::open(3).flip_rate(0.1).left(Thermostat::at(2.0)).build().unwrap();
    let law = InitialLaw::local_gibbs(&chain, |x| 2.0 - x).unwrap();
    let times: Vec<f64> = (0..41).map(|k| 5.0 * f64::from(k)).collect();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    let report = move |p: flipchain::monitor::Progress| {
        into.lock().unwrap().push((p.share, p.solves as f64));
    };
    let monitor = Monitor::new(report, &CancelToken::default());
    let options = Options { method: Method::Radau, tolerance: 1e-6, monitor, ..Options::default() };
    flipchain::evolve(&chain, &law, &Times::microscopic(times), &options).unwrap();
    let seen = seen.lock().unwrap();
    let all = seen.last().expect("something is reported").1;
    for pair in seen.windows(2) {
        assert!(pair[0].0 <= pair[1].0, "it does not fall: {pair:?}");
    }
    for (share, solves) in seen.iter() {
        let done = solves / all;
        // Half of the work is shown as a quarter at least and three quarters at most.
        assert!((share - done).abs() <= 0.25, "{share} is shown and {done} is done");
    }
}

/// It stood where the last output was solved while hundreds of megabytes of tables were written.
#[test]
fn the_share_that_is_shown_grows_while_tables_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = "time.outputs={from=0, to=50, count=30000}";
    let arguments = [
        ["evolve", "uphill", "-o", "a", "--figures", "none", "--progress", "json"],
        [
            "--set",
            "chain.bonds=10",
            "--set",
            "time.scale=\"microscopic\"",
            "--set",
            outputs,
            "-q",
            "--force",
        ],
    ];
    let ended = run(folder.path(), &arguments.concat());
    assert!(ended.status.success(), "{ended:?}");
    let text = String::from_utf8(ended.stderr).unwrap();
    let lines =
        text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let told: Vec<(f64, bool)> =
        lines.filter_map(|line| Some((line["share"].as_f64()?, line["t"] == "inf"))).collect();
    assert!(told.windows(2).all(|pair| pair[0].0 <= pair[1].0), "it does not fall: {told:?}");
    let solved = told.iter().rev().find(|(_, written)| !written).expect("it is told while solving");
    let written: Vec<f64> = told.iter().filter(|(_, written)| *written).map(|(s, _)| *s).collect();
    assert!(written.len() > 1, "it is told while tables are written: {told:?}");
    assert!(written.iter().all(|share| (solved.0..=1.0).contains(share)), "{told:?}");
    assert!(written[written.len() - 1] > solved.0 + 0.2, "{told:?}");
}
