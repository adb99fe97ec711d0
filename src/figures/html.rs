//! A figure as a page of HTML: one file that needs no network. A slider goes over the outputs of a
//! run, the pointer shows values with their errors, and the run's report stands below.

use super::colours::{bar_axis, cell};
use super::label::unicode;
use super::style::Theme;
use super::{Axis, Figure, Layer, Map, Mark, Panel, Scale};
use plotters::style::RGBColor;
use serde_json::{Value, json};

/// The page, with places for its data and its title.
const PAGE: &str = include_str!("report.html");

fn hex(colour: RGBColor) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

impl Figure {
    /// The figure as a page of HTML.
    pub fn html(&self, theme: &Theme) -> String {
        let panels: Vec<Value> = self.panels.iter().map(|panel| of_panel(panel, theme)).collect();
        let heading = if self.heading.is_empty() { &self.name } else { &self.heading };
        let data = json!({
            "heading": unicode(heading),
            "words": self.words,
            // The layers of one name are one output.
            "slider": self.key.is_some(),
            "panels": panels,
        });
        // Data cannot end the element that they stand in.
        let data = data.to_string().replace("</", "<\\/");
        let title = unicode(heading).replace('&', "&amp;").replace('<', "&lt;");
        PAGE.replacen("TITLE", &title, 1).replacen("DATA", &data, 1)
    }
}

fn of_panel(panel: &Panel, theme: &Theme) -> Value {
    let log = |axis: &Axis| axis.scale == Scale::Log;
    let layers: Vec<Value> = panel.layers.iter().map(|layer| of_layer(layer, theme)).collect();
    json!({
        // Beside a printed map its bar says what it shows.
        "title": unicode(match &panel.map {
            Some(map) if panel.title.is_empty() => &map.quantity,
            _ => &panel.title,
        }),
        "x": unicode(&panel.x.label), "xlog": log(&panel.x), "xrange": panel.x.range,
        "y": unicode(&panel.y.label), "ylog": log(&panel.y), "yrange": panel.y.range,
        "layers": layers,
        "map": panel.map.as_ref().map(|map| of_map(map, theme)),
    })
}

fn of_layer(layer: &Layer, theme: &Theme) -> Value {
    let known = |(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
    let kept: Vec<usize> = (0..layer.points.len()).filter(|&i| known(&layer.points[i])).collect();
    let errors: Vec<Option<f64>> = kept.iter().map(|&i| layer.errors.get(i).copied()).collect();
    json!({
        "name": layer.series(),
        "colour": hex(theme.colour(layer.colour)),
        "line": matches!(layer.mark, Mark::Line | Mark::Dashed | Mark::Guide),
        "dashed": layer.mark == Mark::Dashed,
        "guide": layer.mark == Mark::Guide,
        "hollow": layer.mark == Mark::Ring,
        "bar": layer.mark == Mark::Bar,
        "points": kept.iter().map(|&i| layer.points[i]).collect::<Vec<_>>(),
        "errors": errors,
    })
}

fn of_map(map: &Map, theme: &Theme) -> Value {
    let axis = bar_axis(map);
    let colour = |value: &f64| hex(cell(map, &axis, *value, theme));
    let colours = map.values.iter().map(|row| row.iter().map(colour).collect());
    let shade = |i: i32| hex(theme.on_map(f64::from(i) / 63.0, map.divergent));
    let bar: Vec<String> = (0..64).map(shade).collect();
    let ticks = axis.ticks.iter().filter_map(|(value, _)| Some((axis.place(*value)?, *value)));
    json!({
        "name": map.series(), "xs": map.xs, "ys": map.ys, "values": map.values,
        "errors": map.errors, "bar": bar, "ticks": ticks.collect::<Vec<_>>(),
        "colours": colours.collect::<Vec<Vec<String>>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_one_file_with_the_numbers_that_were_given() {
        let layer = Layer::new("", Mark::Line, super::super::Colour::Ink, vec![(0.5, 1.0 / 3.0)]);
        let panel = Panel { layers: vec![layer.named("t = 1").within(2e-9)], ..Panel::default() };
        let figure = Figure {
            name: "report".into(),
            words: vec!["</script> is no end".into()],
            panels: vec![panel],
            ..Figure::default()
        };
        let page = figure.html(&Theme::PRINT);
        let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
        let read: Value = serde_json::from_str(data).unwrap();
        assert_eq!(read["panels"][0]["layers"][0]["points"], json!([[0.5, 1.0 / 3.0]]));
        assert_eq!(read["panels"][0]["layers"][0]["errors"], json!([2e-9]));
        assert_eq!(read["words"][0], "</script> is no end");
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http") && !outside.contains(" src="), "it needs no network");
    }
}
