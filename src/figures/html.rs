//! A figure as a page of HTML: one file that needs no network. A slider goes over the outputs of a
//! run, the pointer shows values with their errors, and the run's report stands below.

use super::colours::{bar_axis, cell, halves_differ};
use super::hidden::STRIPED;
use super::label::{COMMA, unicode};
use super::style::Theme;
use super::{Axis, Figure, Layer, Map, Mark, Panel, Scale, letter};
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
        let mut panels: Vec<Value> =
            self.panels.iter().map(|panel| of_panel(panel, theme)).collect();
        // The caption of a figure of the gallery names its panels by letters.
        if !self.title.is_empty() && panels.len() > 1 {
            for (index, panel) in panels.iter_mut().enumerate() {
                let title = panel["title"].as_str().unwrap_or_default();
                panel["title"] = format!("({}) {title}", letter(index)).trim_end().into();
            }
        }
        let headings = [&self.title, &self.heading, &self.name];
        let heading = headings.into_iter().find(|h| !h.is_empty()).unwrap_or(&self.name);
        // A page draws no curve in stripes.
        let heading = &heading.replace(STRIPED, "").replace('\n', COMMA);
        let heading = heading.trim_end_matches(COMMA);
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
    let words = panel.x.ticks.iter().map(|(at, label)| (at, unicode(label)));
    json!({
        "xticks": words.collect::<Vec<_>>(),
        // Beside a printed map its bar says what it shows.
        "title": unicode(match &panel.map {
            Some(map) if panel.title.is_empty() => &map.quantity,
            _ => &panel.title,
        }),
        // The names before values under the pointer.
        "xname": letter_of(&panel.x.label), "yname": letter_of(&panel.y.label),
        "x": unicode(&panel.x.label), "xlog": log(&panel.x), "xrange": panel.x.range,
        "y": unicode(&panel.y.label), "ylog": log(&panel.y), "yrange": panel.y.range,
        "layers": layers,
        "map": panel.map.as_ref().map(|map| of_map(map, theme)),
    })
}

/// The letter of a quantity, which stands in its label after two spaces: "number of bonds  *N*" is
/// N, "*t* = *τ*/*N*" is t. The whole label where it has none.
fn letter_of(label: &str) -> String {
    let letter = label.rsplit("  ").find(|part| !part.is_empty()).unwrap_or(label);
    unicode(letter.split(" = ").next().unwrap_or(letter))
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
        "name": letter_of(&map.quantity), "xs": map.xs, "ys": map.ys, "values": map.values,
        "apart": halves_differ(map), "errors": map.errors, "bar": bar,
        "ticks": ticks.collect::<Vec<_>>(),
        "colours": colours.collect::<Vec<Vec<String>>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_under_the_pointer_have_the_names_of_their_axes() {
        let of = ["number of bonds  *N*", "*t* = *τ*/*N*²", "lag *s*", "", "*e*_{heat} − average"];
        // Minus signs are hyphens in plain text.
        assert_eq!(of.map(letter_of), ["N", "t", "lag s", "", "e_heat - average"]);
        let (x, y) = (Axis::log("microscopic time  *τ*"), Axis::new("energy current  *J*"));
        let map = Map { quantity: "mean elongation  *r\u{304}*".into(), ..Map::default() };
        let panel = Panel { x, y, map: Some(map), ..Panel::default() };
        let data = of_panel(&panel, &Theme::PRINT);
        assert_eq!((&data["xname"], &data["yname"]), (&json!("τ"), &json!("J")));
        assert_eq!(data["map"]["name"], "r\u{304}");
        assert!(!PAGE.contains("x = ${"), "every abscissa has its own name");
        let words = Axis { ticks: vec![(0.0, "2 − *x*".into())], ..Axis::new("law") };
        let panel = Panel { x: words, ..Panel::default() };
        assert_eq!(of_panel(&panel, &Theme::PRINT)["xticks"], json!([[0.0, "2 - x"]]));
    }

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
