//! A coefficient of the chain that may depend on the site: a mass, a spring, a pinning or a rate of
//! flips.

use super::Expression;
use super::disorder::Stream;
use crate::numerics::npy;
use ndarray::Array1;
use ndarray_npy::{ReadNpyError, ReadNpyExt};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A number for every site: one number, an expression in x = n/N, the numbers themselves, or a
/// table that names a file or a random law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Coefficient {
    /// The same at every site.
    Number(f64),
    /// A function of x.
    Profile(Expression),
    /// One number for each site.
    Values(Vec<f64>),
    /// From a file, or random.
    Table(CoefficientTable),
}

/// A coefficient from a file, or one that is drawn at every site independently. Exactly one of
/// file, uniform, normal and choose; the last three need a seed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoefficientTable {
    /// A NumPy file .npy with one number for each site, relative to the scenario file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Uniform between these two numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 2))]
    pub uniform: Option<Vec<f64>>,
    /// Normal with this mean and standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 2))]
    pub normal: Option<Vec<f64>>,
    /// One of these numbers, each equally likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1_000_000))]
    pub choose: Option<Vec<f64>>,
    /// The seed of a random law: equal seeds give equal numbers, on every machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9_007_199_254_740_992u64))]
    pub seed: Option<u64>,
    /// The numbers of the file, once it is read.
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) read: Option<Arc<Vec<f64>>>,
}

/// The kind of coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoefficientKey {
    /// m_n > 0 of every atom.
    Mass,
    /// k_n > 0 of every bond.
    Spring,
    /// κ_n ≥ 0 of every atom.
    Pinning,
    /// γ_n ≥ 0 of every atom.
    FlipRate,
}

impl CoefficientKey {
    /// All of them.
    pub const ALL: [CoefficientKey; 4] = [
        CoefficientKey::Mass,
        CoefficientKey::Spring,
        CoefficientKey::Pinning,
        CoefficientKey::FlipRate,
    ];

    /// The key in `[chain]`.
    pub fn name(self) -> &'static str {
        match self {
            CoefficientKey::Mass => "mass",
            CoefficientKey::Spring => "spring",
            CoefficientKey::Pinning => "pinning",
            CoefficientKey::FlipRate => "flip_rate",
        }
    }

    /// The least and the largest value.
    pub fn range(self) -> [f64; 2] {
        match self {
            CoefficientKey::Mass | CoefficientKey::Spring => [1e-6, 1e6],
            CoefficientKey::Pinning => [0.0, 1e6],
            CoefficientKey::FlipRate => [0.0, 1e5],
        }
    }

    fn stream(self) -> u64 {
        self as u64 + 1
    }
}

impl Default for Coefficient {
    fn default() -> Coefficient {
        Coefficient::Number(0.0)
    }
}

impl Coefficient {
    pub(super) fn one() -> Coefficient {
        Coefficient::Number(1.0)
    }

    pub(super) fn is_one(&self) -> bool {
        self.constant() == Some(1.0)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.constant() == Some(0.0)
    }

    /// Its value where it is written as one number, or as an expression without x.
    pub fn constant(&self) -> Option<f64> {
        match self {
            Coefficient::Number(value) => Some(*value),
            Coefficient::Profile(f) if f.is_constant() => Some(f.eval(0.0)),
            _ => None,
        }
    }

    /// The value at site `first` + `index`, sites being numbered from `first` on; `bonds` is N.
    ///
    /// # Panics
    /// If a file has not been read, or there are fewer numbers than sites. Reading a scenario
    /// prevents both.
    pub fn at(&self, key: CoefficientKey, first: usize, index: usize, bonds: usize) -> f64 {
        let site = first + index;
        match self {
            Coefficient::Number(value) => *value,
            Coefficient::Profile(f) => f.eval(site as f64 / bonds as f64),
            Coefficient::Values(values) => values[index],
            Coefficient::Table(table) => match &table.read {
                Some(values) => values[index],
                None => table.draw(key, site),
            },
        }
    }

    /// How many numbers it holds, where it holds numbers.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Coefficient::Values(values) => Some(values.len()),
            Coefficient::Table(table) => table.read.as_ref().map(|values| values.len()),
            _ => None,
        }
    }

    /// Its schema, `key`'s range in it.
    fn schema(key: CoefficientKey, generator: &mut SchemaGenerator) -> Schema {
        let [least, most] = key.range();
        let table = generator.subschema_for::<CoefficientTable>();
        let expression = generator.subschema_for::<Expression>();
        json_schema!({
            "anyOf": [
                { "type": "number", "minimum": least, "maximum": most },
                expression,
                {
                    "type": "array",
                    "items": { "type": "number", "minimum": least, "maximum": most },
                },
                table,
            ],
        })
    }
}

/// Schemas of the four coefficients.
macro_rules! schemas {
    ($($name:ident $key:ident,)*) => {
        $(pub(super) fn $name(generator: &mut SchemaGenerator) -> Schema {
            Coefficient::schema(CoefficientKey::$key, generator)
        })*
    };
}
schemas! { mass Mass, spring Spring, pinning Pinning, flip_rate FlipRate, }

impl CoefficientTable {
    fn draw(&self, key: CoefficientKey, site: usize) -> f64 {
        let mut stream = Stream::new(self.seed.unwrap_or(0), key.stream(), site);
        match (&self.uniform, &self.normal, &self.choose) {
            (Some(ends), _, _) => ends[0] + (ends[1] - ends[0]) * stream.unit(),
            (_, Some(law), _) => law[0] + law[1] * stream.normal(),
            (_, _, Some(values)) => values[stream.below(values.len())],
            _ => panic!("the file {:?} has not been read", self.file),
        }
    }

    /// The numbers of the file, once it is read.
    pub fn numbers(&self) -> Option<&[f64]> {
        self.read.as_ref().map(|values| &values[..])
    }

    /// Reads the file, found in `folder`, or says what is wrong with it.
    pub(super) fn read_file(&mut self, folder: &Path) -> Result<(), String> {
        let Some(file) = &mut self.file else { return Ok(()) };
        *file = folder.join(&*file).display().to_string();
        self.read = Some(Arc::new(numbers(Path::new(file))?));
        Ok(())
    }
}

/// A one-dimensional array of numbers in double or single precision, or of 64-bit integers.
fn numbers(path: &Path) -> Result<Vec<f64>, String> {
    let open = || File::open(path).and_then(npy::without_remark).map_err(|e| e.to_string());
    let other_type = |e: &ReadNpyError| matches!(e, ReadNpyError::WrongDescriptor(_));
    let found = match Array1::<f64>::read_npy(open()?) {
        Err(e) if other_type(&e) => match Array1::<f32>::read_npy(open()?) {
            Err(e) if other_type(&e) => {
                Array1::<i64>::read_npy(open()?).map(|a| a.mapv(|x| x as f64))
            }
            read => read.map(|a| a.mapv(f64::from)),
        },
        read => read,
    };
    found.map(|array| array.to_vec()).map_err(|e| match e {
        ReadNpyError::WrongDescriptor(found) => {
            format!("its numbers are of the type {found}; allowed: '<f8', '<f4' or '<i8'")
        }
        ReadNpyError::WrongNdim(_, found) => {
            format!("its array has {found} dimensions; allowed: one")
        }
        other => format!("{other}; allowed: a NumPy file .npy with one number a site"),
    })
}

impl From<f64> for Coefficient {
    fn from(value: f64) -> Coefficient {
        Coefficient::Number(value)
    }
}

impl From<Expression> for Coefficient {
    fn from(expression: Expression) -> Coefficient {
        Coefficient::Profile(expression)
    }
}

impl From<Vec<f64>> for Coefficient {
    fn from(values: Vec<f64>) -> Coefficient {
        Coefficient::Values(values)
    }
}

impl Coefficient {
    /// The seed of a random law.
    pub(crate) fn seed(&self) -> Option<u64> {
        match self {
            Coefficient::Table(table) => table.seed,
            _ => None,
        }
    }

    /// Another realization of a random law.
    pub(crate) fn add_to_seed(&mut self, by: u64) {
        if let Coefficient::Table(CoefficientTable { seed: Some(seed), .. }) = self {
            *seed += by;
        }
    }

    /// Uniform between two numbers, at every site independently.
    pub fn uniform(ends: [f64; 2], seed: u64) -> Coefficient {
        let uniform = Some(ends.to_vec());
        Coefficient::Table(CoefficientTable { uniform, seed: Some(seed), ..Default::default() })
    }

    /// Normal, at every site independently.
    pub fn normal(mean: f64, deviation: f64, seed: u64) -> Coefficient {
        let normal = Some(vec![mean, deviation]);
        Coefficient::Table(CoefficientTable { normal, seed: Some(seed), ..Default::default() })
    }

    /// One of these numbers, at every site independently.
    pub fn choose(values: impl Into<Vec<f64>>, seed: u64) -> Coefficient {
        let choose = Some(values.into());
        Coefficient::Table(CoefficientTable { choose, seed: Some(seed), ..Default::default() })
    }
}
