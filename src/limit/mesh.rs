//! Functions on [0, 1] as polynomials on dyadic panels, split where they are rough: next to an
//! incompatible end, a jump or a kink, panels shrink geometrically; where the diffusion has
//! smoothed the function they grow again.

use super::element::Element;

/// A dyadic panel: [left, left + width], both exact in binary however narrow it is at either end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel {
    /// Its left end: x in the left half of [0, 1], x - 1 in the right half.
    pub left: f64,
    /// Its width, 2^(-level).
    pub width: f64,
}

impl Panel {
    /// The panel of this width that begins at x.
    pub fn at(x: f64, width: f64) -> Panel {
        Panel { left: if x < 0.5 { x } else { x - 1.0 }, width }
    }

    /// x of a reference coordinate.
    pub fn place(&self, at: f64) -> f64 {
        let place = self.left + self.width * (1.0 + at) / 2.0;
        if self.left < 0.0 { 1.0 + place } else { place }
    }

    /// Whether it begins at x = 0, and whether it ends at x = 1.
    pub fn touches(&self) -> [bool; 2] {
        [self.left == 0.0, self.left + self.width == 0.0]
    }

    fn halves(&self) -> [Panel; 2] {
        let width = self.width / 2.0;
        [self.left, self.left + width].map(|left| Panel { left, width })
    }
}

/// The panels of [0, 1], from left to right.
pub type Mesh = Vec<Panel>;

/// The values at the nodes, panel after panel (a node shared by two panels appears twice).
pub type Field = Vec<f64>;

/// Panels are at most this wide, 2^-3: a feature narrower than their nodes' spacing cannot hide in
/// a panel that looks smooth.
const COARSEST: i32 = 3;

/// More panels than this: the profile has no structure that a mesh can resolve.
const MOST: usize = 20_000;

/// The reason for which a function sampled on the mesh is refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Rough {
    /// Not finite at x.
    NotFinite(f64),
    /// Too many panels.
    TooFine,
}

/// The coarsest mesh on which `count` functions are resolved to `tolerance`, and the functions on
/// it; panels are split down to `finest[0]`, those at the ends x = 0 and x = 1 down to `finest[1]`.
/// `functions(panel, reference coordinate)` gives the values there.
///
/// Neighbours differ by at most a factor of two in width, because the layer that grows out of a
/// jump grows to both sides (on a `ring` the last panel and the first are neighbours).
pub fn resolve(
    element: &Element,
    count: usize,
    tolerance: f64,
    finest: [f64; 2],
    ring: bool,
    functions: impl Fn(&Panel, f64) -> Vec<f64>,
) -> Result<(Mesh, Vec<Field>), Rough> {
    let width = 2f64.powi(-COARSEST);
    let mut todo: Vec<Panel> =
        (0..1 << COARSEST).rev().map(|i| Panel::at(i as f64 * width, width)).collect();
    let mut mesh = Mesh::new();
    while let Some(panel) = todo.pop() {
        let finest = finest[usize::from(panel.touches().contains(&true))];
        if panel.width > finest && !resolved(element, tolerance, &panel, &functions)? {
            let [left, right] = panel.halves();
            todo.extend([right, left]);
        } else if mesh.len() < MOST {
            mesh.push(panel);
        } else {
            return Err(Rough::TooFine);
        }
    }
    while let Some(balanced) = split_once(&mesh, ring) {
        mesh = balanced;
    }
    let mut fields = vec![Field::new(); count];
    for panel in &mesh {
        for &at in &element.nodes {
            fields
                .iter_mut()
                .zip(functions(panel, at))
                .for_each(|(field, value)| field.push(value));
        }
    }
    Ok((mesh, fields))
}

/// Whether the polynomials through the nodes are right between them, and their last coefficients
/// small: a field that is already a polynomial on this panel is always right between the nodes.
fn resolved(
    element: &Element,
    tolerance: f64,
    panel: &Panel,
    functions: &impl Fn(&Panel, f64) -> Vec<f64>,
) -> Result<bool, Rough> {
    let finite = |at: f64| {
        let values = functions(panel, at);
        if values.iter().all(|v| v.is_finite()) {
            Ok(values)
        } else {
            Err(Rough::NotFinite(panel.place(at)))
        }
    };
    let values = element.nodes.iter().map(|&at| finite(at)).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<Vec<f64>> =
        (0..values[0].len()).map(|f| values.iter().map(|v| v[f]).collect()).collect();
    if columns.iter().any(|column| element.tail(column) > tolerance) {
        return Ok(false);
    }
    for pair in element.nodes.windows(2) {
        let at = (pair[0] + pair[1]) / 2.0;
        if finite(at)?
            .iter()
            .zip(&columns)
            .any(|(exact, c)| (element.interpolate(c, at) - exact).abs() > tolerance)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Splits every panel that has a neighbour of less than half its width; `None` if there is no such
/// panel.
fn split_once(mesh: &[Panel], ring: bool) -> Option<Mesh> {
    let n = mesh.len();
    let narrow =
        |i: usize, j: Option<usize>| j.is_some_and(|j| 2.0 * mesh[j].width < mesh[i].width);
    let before = |i: usize| i.checked_sub(1).or(ring.then_some(n - 1));
    let after = |i: usize| if i + 1 < n { Some(i + 1) } else { ring.then_some(0) };
    let wide: Vec<bool> = (0..n).map(|i| narrow(i, before(i)) || narrow(i, after(i))).collect();
    let parts =
        |(panel, wide): (&Panel, &bool)| if *wide { panel.halves().to_vec() } else { vec![*panel] };
    wide.contains(&true).then(|| mesh.iter().zip(&wide).flat_map(parts).collect())
}

/// The panel that holds the point left + offset of the left or (`right`) the right half, and the
/// point in its reference coordinate. The offset is added exactly where `left` is the left end of a
/// panel.
fn locate(mesh: &[Panel], right: bool, left: f64, offset: f64) -> (usize, f64) {
    let before = |p: &Panel| (p.left < 0.0, p.left) <= (right, left + offset);
    let index = mesh.partition_point(before).max(1) - 1;
    let found = &mesh[index];
    let at = 2.0 * ((left - found.left) + offset) / found.width - 1.0;
    (index, at.clamp(-1.0, 1.0))
}

/// A field `offset` to the right of the left end of `panel`, of this mesh or another: the sum is
/// formed relative to the panel that holds it, so nothing is lost close to the ends.
pub fn evaluate_in(
    element: &Element,
    mesh: &[Panel],
    field: &[f64],
    panel: &Panel,
    offset: f64,
) -> f64 {
    let (index, at) = locate(mesh, panel.left < 0.0, panel.left, offset);
    let n = element.count();
    element.interpolate(&field[index * n..(index + 1) * n], at)
}

/// A field at x.
pub fn evaluate(element: &Element, mesh: &[Panel], field: &[f64], x: f64) -> f64 {
    let right = x >= 0.5;
    let (index, at) = locate(mesh, right, if right { x - 1.0 } else { x }, 0.0);
    let n = element.count();
    element.interpolate(&field[index * n..(index + 1) * n], at)
}

/// ∫ f(x, values) over [0, 1] with the values of several fields at the nodes.
pub fn integrate(element: &Element, mesh: &[Panel], f: impl Fn(f64, usize) -> f64) -> f64 {
    let n = element.count();
    let panel = |(index, panel): (usize, &Panel)| -> f64 {
        let nodes = element.nodes.iter().zip(&element.weights).enumerate();
        nodes.map(|(i, (&at, w))| w * f(panel.place(at), index * n + i)).sum::<f64>() * panel.width
            / 2.0
    };
    mesh.iter().enumerate().map(panel).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_enclosed_and_a_smooth_function_left_alone() {
        let element = Element::new(14);
        let (mesh, fields) = resolve(&element, 1, 1e-12, [2f64.powi(-40); 2], false, |p, at| {
            vec![if p.place(at) < 0.3 { 1.0 } else { 3.0 }]
        })
        .unwrap();
        let integral = integrate(&element, &mesh, |_, i| fields[0][i]);
        assert!((integral - (0.3 + 3.0 * 0.7)).abs() < 1e-11);
        assert!((evaluate(&element, &mesh, &fields[0], 0.31) - 3.0).abs() < 1e-14);
        let (smooth, _) = resolve(&element, 1, 1e-12, [2f64.powi(-40); 2], false, |p, at| {
            vec![(3.0 * p.place(at)).sin()]
        })
        .unwrap();
        assert_eq!(smooth.len(), 8);
        assert!(mesh.len() < 120);
        assert!(mesh.windows(2).all(|p| (0.5..=2.0).contains(&(p[0].width / p[1].width))));
    }

    #[test]
    fn what_is_not_finite_is_refused_with_its_place() {
        let element = Element::new(6);
        let found = resolve(&element, 1, 1e-9, [2f64.powi(-20); 2], false, |p, at| {
            vec![1.0 / (p.place(at) - 0.5)]
        });
        assert_eq!(found, Err(Rough::NotFinite(0.5)));
    }
}
