//! Runs that start from the end of another, from a Gibbs state, or from a covariance.

use super::*;

const SMALL: &str = "[chain]\ntopology = \"open\"\nbonds = 6\nflip_rate = 1\n[left.thermostat]\ntemperature = 2\n\
                     [right.force]\nmean = 1\n[time]\nscale = \"microscopic\"\n";

#[test]
fn a_run_starts_from_the_end_of_another_and_goes_on_as_one_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let scenario = |name: &str, rest: &str| {
        std::fs::write(path(name), format!("{SMALL}{rest}")).expect("the folder is writable");
        path(name)
    };
    let profile = "[initial]\nelongation = \"x\"\ntemperature = \"1 + x\"\n";
    let one = scenario("one.toml", &format!("outputs = [900]\n{profile}"));
    let first = scenario("first.toml", &format!("outputs = [1, 400]\n{profile}"));
    let second = scenario(
        "second.toml",
        "outputs = [500]\n[initial]\ncovariance = \"first/covariance.npz\"\n",
    );
    for (file, out, more) in [
        (&one, "one", "--modes"),
        (&first, "first", "--covariance"),
        (&second, "second", "--modes"),
    ] {
        let ended = flipchain(&["evolve", file, "-o", &path(out), more]);
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let rows = |run: &str| -> Vec<Vec<f64>> {
        let csv = std::fs::read_to_string(folder.path().join(run).join("profiles.csv"))
            .expect("profiles");
        csv.lines()
            .skip(1)
            .map(|line| line.split(',').skip(1).map(|x| x.parse().expect("a number")).collect())
            .collect()
    };
    for (a, b) in rows("one").iter().zip(&rows("second")) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9), "{a:?}\n{b:?}");
    }
    let modes = std::fs::read_to_string(path("one/modes.csv")).expect("modes");
    assert!(
        modes.starts_with("t,k,omega,energy,occupation,mean_energy\n")
            && modes.lines().count() == 8
    );
    // The mode without frequency has no occupation.
    assert!(modes.lines().nth(1).is_some_and(|line| line.contains(",,")), "{modes}");
}

#[test]
fn every_mode_is_there_at_every_time_also_where_the_profiles_need_no_covariance() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let long = SMALL.replace("bonds = 6", "bonds = 100");
    let text = format!(
        "{long}outputs = [0, 10, 500, 5000]\n[initial]\nelongation = \"x\"\ntemperature = 1\n"
    );
    std::fs::write(path("a.toml"), text).expect("the folder is writable");
    let read = |run: &str, file: &str, columns: &[usize]| -> Vec<Vec<f64>> {
        let csv = std::fs::read_to_string(folder.path().join(run).join(file)).expect("a table");
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            columns.iter().map(|&column| cells[column].parse().expect("a number")).collect()
        };
        csv.lines().skip(1).map(row).collect()
    };
    for (run, more) in [
        ("alone", &["--modes"][..]),
        ("kept", &["--modes", "--covariance", "--covariance-times", "500"]),
    ] {
        let ended = flipchain(&[&["evolve", &path("a.toml"), "-o", &path(run)], more].concat());
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let (modes, profiles) =
            (read(run, "modes.csv", &[0, 3]), read(run, "profiles.csv", &[0, 9]));
        for time in [0.0, 10.0, 500.0, 5000.0] {
            let energies = |rows: &[Vec<f64>]| -> Vec<f64> {
                rows.iter().filter(|row| row[0] == time).map(|row| row[1]).collect()
            };
            let (of_modes, of_sites) = (energies(&modes), energies(&profiles));
            assert_eq!((of_modes.len(), of_sites.len()), (101, 101), "{run}, τ = {time}");
            let (modes, sites): (f64, f64) = (of_modes.iter().sum(), of_sites.iter().sum());
            assert!((modes - sites).abs() < 1e-12 * sites, "{run}, τ = {time}: {modes} {sites}");
        }
    }
    let refused = flipchain(&[
        "evolve",
        &path("a.toml"),
        "-o",
        &path("none"),
        "--modes",
        "--method",
        "profiles",
    ]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nor modes"), "{refused:?}");
}

#[test]
fn a_ring_and_a_shaken_chain_go_on_from_their_own_end_in_the_force_s_phase() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (half, frequency) = (350.0, 2.0 * PI / 4.7);
    let shaken = |phase: f64| {
        format!(
            "[chain]\ntopology = \"open\"\nbonds = 5\nflip_rate = 1\n[left.thermostat]\ntemperature = 2\n[right.force]\nmean = 1\n\
             period = 4.7\nharmonics = [{{ order = 2, amplitude = 1.5, phase = {phase:.17} }}]\n"
        )
    };
    let ring = |_: f64| "[chain]\ntopology = \"ring\"\nbonds = 6\nflip_rate = 0.9\n".to_string();
    let profile = "elongation = \"cos(2*pi*x)\"\nmomentum = \"0.2*x\"\ntemperature = \"1 + x\"\n";
    let chains: [(&str, &dyn Fn(f64) -> String); 2] = [("shaken", &shaken), ("ring", &ring)];
    for (name, chain) in chains {
        let run = |part: &str, phase: f64, time: f64, initial: &str, more: &str| {
            let text = format!(
                "{}[time]\nscale = \"microscopic\"\noutputs = [{time}]\n[initial]\n{initial}",
                chain(phase)
            );
            let file = path(&format!("{name}-{part}.toml"));
            std::fs::write(&file, text).expect("the folder is writable");
            let ended = flipchain(&["evolve", &file, "-o", &path(&format!("{name}-{part}")), more]);
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
            let csv = std::fs::read_to_string(path(&format!("{name}-{part}/profiles.csv")))
                .expect("profiles");
            let row = |line: &str| -> Vec<f64> {
                line.split(',').skip(1).map(|x| x.parse().expect("a number")).collect()
            };
            csv.lines().skip(1).map(row).collect::<Vec<_>>()
        };
        let whole = run("whole", 0.4, 2.0 * half, profile, "--quiet");
        run("first", 0.4, half, profile, "--covariance");
        // The second run's clock starts at 0: its force begins where the first one's ended.
        let begins = (0.4 + 2.0 * frequency * half) % (2.0 * PI);
        let last = format!("covariance = \"{name}-first/covariance.npz\"\n");
        for (a, b) in whole.iter().zip(&run("second", begins, half, &last, "--quiet")) {
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9), "{name}: {a:?}\n{b:?}");
        }
    }
}

#[test]
fn phases_by_the_literal_operator_are_the_same_profiles() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = |name: &str| folder.path().join(name).display().to_string();
    let data = format!("{}/data/scenarios/periodic_force.toml", env!("CARGO_MANIFEST_DIR"));
    let values = |method: &str| -> Vec<f64> {
        let arguments = [
            "steady",
            &data,
            "-o",
            &out(method),
            "--phases=5",
            "--set=chain.bonds=7",
            "--method",
            method,
            "--quiet",
        ];
        let ended = flipchain(&arguments);
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let csv = std::fs::read_to_string(folder.path().join(method).join("profiles.csv"))
            .expect("profiles");
        csv.lines()
            .skip(1)
            .flat_map(|line| {
                line.split(',').map(|x| x.parse().expect("a number")).collect::<Vec<f64>>()
            })
            .collect()
    };
    let judge = values("literal");
    for method in ["profiles", "modal"] {
        let found = values(method);
        assert_eq!(found.len(), 6 * 8 * 11);
        for (a, b) in found.iter().zip(&judge) {
            // Energies are of order ten.
            assert!(a == b || (a - b).abs() < 1e-11, "{method}: {a} {b}");
        }
    }
}

#[test]
fn a_gibbs_state_is_its_tension_and_temperature() {
    let read = |initial: &str| {
        let text = format!("{SMALL}outputs = [1]\n[initial]\n{initial}");
        flipchain::scenario::Scenario::from_str_named(&text, "a.toml", &[])
    };
    let gibbs =
        read("state = \"gibbs\"\ntension = \"0.5 + x\"\ntemperature = 2\n").expect("it is one");
    assert_eq!(gibbs, read("elongation = \"0.5 + x\"\ntemperature = 2\n").expect("it is one"));
    for (initial, key, words) in [
        (
            "state = \"gibbs\"\nelongation = 1\ntemperature = 2\n",
            "initial.elongation",
            "only temperature and tension",
        ),
        ("tension = 1\ntemperature = 2\n", "initial.tension", "state = \"gibbs\""),
        ("state = \"frozen\"\ntemperature = 2\n", "initial.state", "gibbs"),
        ("state = \"gibbs\"\n", "initial.temperature", "required"),
        (
            "covariance = \"a.npz\"\ntemperature = 2\n",
            "initial.temperature",
            "only elongation and momentum",
        ),
    ] {
        let message = read(initial).expect_err(initial).to_string();
        assert!(
            message.contains(key) && message.contains(words) && message.starts_with("a.toml:"),
            "{message}"
        );
    }
}

#[test]
fn what_is_no_covariance_is_refused_with_its_reason() {
    use ndarray::Array2;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, covariance: &Array2<f64>| {
        let mut npz =
            ndarray_npy::NpzWriter::new(std::fs::File::create(path(name)).expect("writable"));
        npz.add_array("covariance", covariance).expect("writable");
        npz.finish().expect("writable");
    };
    let mut lopsided = Array2::eye(13);
    lopsided[[0, 5]] = 0.5;
    let mut impossible = Array2::eye(13);
    (impossible[[0, 5]], impossible[[5, 0]]) = (1.5, 1.5);
    write("small.npz", &Array2::eye(4));
    write("lopsided.npz", &lopsided);
    write("impossible.npz", &impossible);
    write("negative.npz", &-Array2::eye(13));
    std::fs::write(path("text.npz"), "no archive").expect("writable");
    for (file, words) in [
        ("small.npz", "allowed: (n, n) or (times, n, n) with n = 13"),
        ("lopsided.npz", "not symmetric"),
        ("impossible.npz", "not positive semidefinite"),
        ("negative.npz", "negative variance"),
        ("text.npz", "not an npz file"),
        ("absent.npz", "No such file"),
    ] {
        let text = format!("{SMALL}outputs = [1]\n[initial]\ncovariance = \"{file}\"\n");
        std::fs::write(path("a.toml"), text).expect("writable");
        let refused = flipchain(&["evolve", &path("a.toml"), "-o", &path("out")]);
        let message = String::from_utf8_lossy(&refused.stderr).to_string();
        assert_eq!(refused.status.code(), Some(2), "{message}");
        assert!(message.contains(words) && message.contains(file), "{message}");
        assert!(!folder.path().join("out").exists());
    }
    // limit needs profiles.
    let refused =
        flipchain(&["limit", &path("a.toml"), "-o", &path("out"), "--set", "time.scale=diffusive"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("needs the initial law as profiles"));
}
