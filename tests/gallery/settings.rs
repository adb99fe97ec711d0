//! Figures with settings of the user: what they show can be read, and captions and comments stay
//! true.

use flipchain::figures::Figure;
use flipchain::figures::gallery::{Entry, GALLERY};
use flipchain::figures::style::Theme;
use flipchain::monitor::Monitor;

/// Two ways to set each figure whose drawing then takes a second.
const SET: &[(&str, &[&str])] = &[
    ("parabola", &["chain.bonds=20", "right.force.mean=0.9"]),
    ("parabola", &["chain.bonds=20", "right.force.mean=[1, 3]", "right.thermostat.temperature=4"]),
    ("evolution", &["chain.bonds=20", "initial.momentum=sin(pi*x)", "right.force.mean=0"]),
    ("evolution", &["chain.bonds=40", "right.thermostat.temperature=3"]),
    ("conversion", &["chain.bonds=16"]),
    ("conversion", &["chain.bonds=20", "right.force.mean=0.5"]),
    ("convergence", &["chain.bonds=[8, 16, 32]"]),
    ("convergence", &["chain.bonds=[8, 16, 32]", "right.force.mean=0"]),
    ("equipartition", &["chain.bonds=[8, 16]"]),
    ("transport", &["chain.bonds=64"]),
    ("transport", &["chain.bonds=128", "chain.flip_rate=[0.5, 2]"]),
    ("phonons", &["chain.bonds=32"]),
    ("phonons", &["chain.bonds=48", "chain.flip_rate=0.5"]),
    ("structure", &["chain.flip_rate=0.5"]),
    ("structure", &["chain.bonds=64", "chain.flip_rate=[0, 0.4]"]),
    ("disorder", &["chain.bonds=20", "chain.flip_rate=[0.2, 1]"]),
    ("pinning", &["chain.bonds=30", "chain.flip_rate=[0.5, 2]"]),
    ("pinning", &["chain.bonds=40", "chain.pinning=[0.5, 2]"]),
    ("periodic", &["chain.bonds=[10, 20]"]),
    ("periodic", &["chain.bonds=[10, 20]", "right.force.period=3"]),
    ("boundary_terms", &["chain.bonds=[8, 16]"]),
    ("boundary_terms", &["chain.bonds=[8, 32]", "right.force.mean=0.7"]),
];

fn entry(name: &str) -> &'static Entry {
    GALLERY.iter().find(|entry| entry.name == name).unwrap()
}

fn owned(settings: &[&str]) -> Vec<String> {
    settings.iter().map(|text| text.to_string()).collect()
}

fn drawn(name: &str, settings: &[&str]) -> Figure {
    let figure = entry(name).draw(&owned(settings), &Monitor::default());
    figure.unwrap_or_else(|e| panic!("{name} {settings:?}: {e}"))
}

fn caption(name: &str, settings: &[&str]) -> String {
    entry(name).caption(&owned(settings)).unwrap()
}

fn refusal(name: &str, settings: &[&str]) -> String {
    entry(name).draw(&owned(settings), &Monitor::default()).unwrap_err().to_string()
}

#[test]
fn nothing_is_in_the_way_on_figures_with_other_settings() {
    let found = SET.iter().flat_map(|(name, settings)| {
        let found = drawn(name, settings).overlaps(&Theme::PRINT).expect("the fonts are there");
        found.into_iter().map(move |says| format!("{settings:?}: {says}"))
    });
    assert_eq!(found.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn captions_say_what_was_set() {
    let moving = caption("evolution", &["initial.momentum=sin(pi*x)", "right.force.mean=0"]);
    assert!(moving.contains("momentum `sin(pi*x)`"), "{moving}");
    assert!(moving.contains("without a force") && !moving.contains("pulled"), "{moving}");
    assert!(!moving.contains("jumps"), "{moving}");
    let short = caption("evolution", &["chain.bonds=20"]);
    assert!(!short.contains("one site in") && short.contains("jumps"), "{short}");
    for name in ["convergence", "conversion", "boundary_terms"] {
        let says = caption(name, &["initial.momentum=x*(1 - x)"]);
        assert!(says.contains("momentum `x*(1 - x)`"), "{says}");
    }
    // A curve alone falls on no other.
    assert!(!caption("convergence", &["chain.bonds=64"]).contains("one curve"));
    let several = caption("convergence", &["chain.bonds=[8, 16, 32]"]);
    assert!(several.contains("$N = 8, 16, 32$: the longer"), "{several}");
    let masses = caption("disorder", &["chain.mass.uniform=[0.9, 1.1]"]);
    assert!(masses.contains("`uniform [0.9, 1.1], seed 1`"), "{masses}");
    let sizes = caption("equipartition", &["chain.bonds=[8, 16]"]);
    assert!(sizes.contains("$N = 64$ bonds") && sizes.contains("$N = 8, 16$"), "{sizes}");
}

#[test]
fn settings_that_would_make_a_caption_untrue_are_refused() {
    let still = refusal("phonons", &["chain.flip_rate=0"]);
    assert!(still.contains("needs a chain.flip_rate above 0"), "{still}");
    let short = refusal("structure", &["chain.bonds=64"]);
    assert!(short.contains("needs chain.bonds of at least 25.3 times"), "{short}");
    let ordered = refusal("disorder", &["chain.mass=1"]);
    assert!(ordered.contains("needs a random law of chain.mass"), "{ordered}");
}

#[test]
fn lags_of_the_structure_function_end_before_its_waves_meet() {
    let figure = drawn("structure", &["chain.bonds=64", "chain.flip_rate=0.5"]);
    let names: Vec<String> = figure.panels[0].layers.iter().map(|l| l.series()).collect();
    assert_eq!(names[..3], ["s = 6, N = 64", "s = 12, N = 64", "s = 24, N = 64"]);
    // Nothing is cut off: the last curve of the diffusive panel ends where there is no energy.
    let last = &figure.panels[2].layers[2];
    let ends = [last.points.first(), last.points.last()].map(|p| p.unwrap().1.abs());
    let top = last.points.iter().fold(0.0f64, |most, p| most.max(p.1));
    assert!(ends.iter().all(|end| *end < 1e-2 * top), "{ends:?} {top}");
}

#[test]
fn comments_say_what_the_curves_were_computed_from() {
    let says = |name: &str, settings: &[&str], panel: usize| {
        drawn(name, settings).panels[panel].parameters.to_string()
    };
    // The amplitude is the scenario's at every N.
    for sizes in ["chain.bonds=[10, 20]", "chain.bonds=[7, 15]"] {
        let shaken = says("periodic", &[sizes], 0);
        assert!(shaken.contains("amplitude 3 times N^(-1/2)"), "{shaken}");
    }
    let law = "chain.mass.uniform=[0.9, 1.1]";
    let random = says("disorder", &["chain.bonds=20", "chain.flip_rate=[0.2, 1]", law], 1);
    assert!(random.contains("mass = uniform [0.9, 1.1], seed 1"), "{random}");
    assert!(random.contains("kappa = 0, 1") && !random.contains("pinning"), "{random}");
    let pinned = says("pinning", &["chain.bonds=20", "chain.flip_rate=1"], 0);
    assert!(pinned.contains("kappa = ") && !pinned.contains("pinning = "), "{pinned}");
}
