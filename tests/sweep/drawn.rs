//! How a sweep over seeds is drawn.

use super::{scenario, table, text};
use flipchain::Task;
use flipchain::figures::Mark;

/// Seeds have no order: a sweep over one is drawn as points, with their average and its standard
/// error across. Beside another key the averages have bars of one standard error.
#[test]
fn seeds_are_drawn_as_points_and_averages_with_their_standard_errors() {
    let text = "[chain]\ntopology = 'open'\nbonds = 8\nflip_rate = 0.7\n\
                mass = { uniform = [0.5, 1.5], seed = 3 }\n\
                [left.thermostat]\ntemperature = 2\n[right.thermostat]\ntemperature = 1\n";
    let figure = |vary: &[&str]| {
        let found = table(text, Task::Steady, vary, "current");
        let first = scenario(text, &found, 0);
        let mut figures = flipchain::figures::table(&found, Task::Steady, &first);
        assert_eq!(figures.len(), 1);
        (found, figures.remove(0))
    };
    let average = |values: &[f64]| {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        (mean, (squares / (count * (count - 1.0))).sqrt())
    };
    let near = |a: f64, b: f64| (a - b).abs() < 1e-13;

    let (found, seeds) = figure(&["chain.mass.seed=4,1,9"]);
    let values = found.values(0, 0);
    let (mean, error) = average(&values);
    assert!(error > 1e-4, "the masses differ: {values:?}");
    // What a page of HTML says in words.
    let said = seeds.words.join("\n");
    let says = |words: &str| assert!(said.contains(words), "{words}: {said}");
    says("flipchain sweep --run steady: 3 points\nchain.mass.seed = 4, 1, 9\n");
    says("in the stationary state\ncurrent: from ");
    says("\nevery point reached its tolerance");
    let layers = &seeds.panels[0].layers;
    let marks: Vec<Mark> = layers.iter().map(|layer| layer.mark).collect();
    assert_eq!(marks, [Mark::Disc, Mark::Line, Mark::Dashed, Mark::Dashed]);
    assert_eq!(layers[0].points, [(1.0, values[1]), (4.0, values[0]), (9.0, values[2])]);
    for (layer, y) in layers[1..].iter().zip([mean, mean - error, mean + error]) {
        assert!(layer.points.len() == 2 && layer.points.iter().all(|p| near(p.1, y)), "{layer:?}");
    }

    let (found, averages) = figure(&["chain.mass.seed=1:4:4", "chain.flip_rate=0.5,1"]);
    let values = found.values(0, 0);
    let of_rate = |rate: usize| (0..4).map(|seed| values[2 * seed + rate]).collect::<Vec<_>>();
    let layers = &averages.panels[0].layers;
    let marks: Vec<Mark> = layers.iter().map(|layer| layer.mark).collect();
    assert_eq!(marks, [Mark::Line, Mark::Bar, Mark::Disc]);
    for (rate, x) in [0.5, 1.0].into_iter().enumerate() {
        let (mean, error) = average(&of_rate(rate));
        let (point, bar) = (layers[1].points[rate], layers[1].errors[rate]);
        assert!(point.0 == x && near(point.1, mean) && near(bar, error), "{point:?} ± {bar}");
    }
}

/// The current of the limit is that of its stationary state, whatever the time: one curve says so.
/// What changes in time has a curve for every output.
#[test]
fn what_is_the_same_at_every_time_is_one_curve() {
    let text = text("uphill");
    let found = table(&text, Task::Limit, &["right.force.mean=0.5,1,2"], "current,thermal@0.5");
    let first = scenario(&text, &found, 0);
    let figure = flipchain::figures::table(&found, Task::Limit, &first).remove(0);
    let names = |panel: usize| {
        let layers = figure.panels[panel].layers.iter().filter(|layer| layer.mark != Mark::Guide);
        let mut names: Vec<&str> = layers.map(|layer| &layer.name[..]).collect();
        names.dedup();
        names
    };
    assert_eq!(names(0), ["every t"]);
    assert_eq!(figure.panels[0].title, "the same at every *t*");
    assert_eq!(names(1).len(), found.outputs());
    assert_eq!(figure.panels[1].title, "");
}
