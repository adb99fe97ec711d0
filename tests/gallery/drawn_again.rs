//! Draws a figure again from its CSV alone.

use super::{is_well_formed, rows};
use flipchain::figures::style::Theme;
use flipchain::figures::{Axis, Figure, Format, Layer, Map, Mark, Panel};

/// The text in quotes at the start of a CSV's line or comment, and the rest.
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
pub fn redrawn(csv: &str) -> Figure {
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
                        Mark::Bar,
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
pub fn is_redrawn_from_its_csv_alone(figure: &Figure) {
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
            let counts = |layer: &Layer| [layer.points.len(), layer.errors.len()];
            assert_eq!(counts(layer), counts(back), "{}: {}", figure.name, layer.series());
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
