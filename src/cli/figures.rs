//! `flipchain figures`: the gallery.

use super::progress::{Show, monitor};
use super::{Error, interrupt, print, threads};
use crate::figures::gallery::{self, Entry, GALLERY, GalleryError};
use crate::figures::style::Theme;
use crate::figures::{Formats, Size};
use crate::scenario::did_you_mean;
use clap::ValueEnum;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the figures are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum For {
    /// A page: black on white, columns of 86 and 178 mm
    #[default]
    Print,
    /// Slides: light on dark, 1.8 times as large
    Slides,
}

/// Arguments of `flipchain figures`.
#[derive(Debug, clap::Args)]
pub struct FiguresArgs {
    /// Which figures; all if left out
    names: Vec<String>,
    /// The folder to write to: of each figure the drawing in every format, its data NAME.csv and
    /// its caption NAME.tex
    #[arg(short, long, value_name = "DIR", required_unless_present_any = ["list", "page"])]
    output: Option<PathBuf>,
    /// Set a key of the figures' scenarios, e.g. right.force.mean=0.9; a list where a figure varies
    /// the key. May be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Width and height on paper: single (86 mm), double (178 mm) or WIDTHxHEIGHT in mm; each
    /// figure's own if left out
    #[arg(long, value_name = "SIZE")]
    size: Option<Size>,
    /// Formats of the drawings: svg, png, pdf and html (a page with values under
    /// the pointer) with commas between, or none
    #[arg(long, value_name = "FORMATS", default_value = "svg,png")]
    figures: Formats,
    /// How they look
    #[arg(long, value_enum, default_value_t)]
    theme: For,
    /// Threads to use; all processors if left out. The figures do not depend on it
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZeroUsize>,
    /// Replace figures that exist
    #[arg(long)]
    force: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value_t)]
    progress: Show,
    /// Say the names and titles, and end
    #[arg(long)]
    list: bool,
    /// Write the page that shows the gallery (Markdown) to standard output, and end
    #[arg(long, hide = true)]
    page: bool,
}

impl From<GalleryError> for Error {
    fn from(error: GalleryError) -> Error {
        match error {
            GalleryError::Evolve(error) => crate::run::Error::from(error).into(),
            GalleryError::Steady(error) => crate::run::Error::from(error).into(),
            GalleryError::Interrupted(error) => error.into(),
            GalleryError::Scenario(error) => error.into(),
            GalleryError::Initial(error) => error.into(),
            GalleryError::Limit(error) => crate::run::Error::from(error).into(),
            GalleryError::Setting(message) => Error::BadInput(message),
            other => Error::Failed(other.to_string()),
        }
    }
}

/// Runs the command.
pub fn run(args: FiguresArgs) -> Result<(), Error> {
    let entries = chosen(&args.names)?;
    if args.list {
        return print(
            &entries.iter().map(|e| format!("{:18}{}\n", e.name, e.title)).collect::<String>(),
        );
    }
    if args.page {
        return print(&gallery::page()?);
    }
    let folder = args.output.clone().unwrap_or_default();
    let failed = |path: &Path, e: std::io::Error| Error::Failed(format!("{}: {e}", path.display()));
    let files = |folder: &Path, entry: &Entry| -> Vec<PathBuf> {
        let drawings = args.figures.0.iter().map(|format| format.extension());
        let all = drawings.chain(["csv", "tex"]);
        all.map(|extension| folder.join(format!("{}.{extension}", entry.name))).collect()
    };
    // Wrong settings are refused before anything is computed.
    let captions = entries.iter().map(|e| e.tex(&args.overrides)).collect::<Result<Vec<_>, _>>()?;
    if let Some(path) =
        entries.iter().flat_map(|e| files(&folder, e)).find(|p| p.exists() && !args.force)
    {
        return Err(Error::BadInput(format!(
            "{}: exists already; give --force to replace it",
            path.display()
        )));
    }
    std::fs::create_dir_all(&folder)
        .map_err(|e| Error::BadInput(format!("{}: {e}", folder.display())))?;
    threads::start(args.threads, args.quiet)?;
    let theme = match args.theme {
        For::Print => Theme::PRINT,
        For::Slides => Theme::SLIDES,
    };
    // Every file is moved into place when it is complete.
    let work = Work(folder.join(format!(".figures.{}.tmp", std::process::id())));
    std::fs::create_dir(&work.0).map_err(|e| failed(&work.0, e))?;
    let monitor = monitor(args.progress, args.quiet, Instant::now(), 1.0, &interrupt::token()?);
    let count = entries.len() as f64;
    for (index, (entry, caption)) in entries.into_iter().zip(captions).enumerate() {
        let start = Instant::now();
        let part = monitor.part(index as f64 / count, (index + 1) as f64 / count);
        let figure = entry.draw(&args.overrides, &part)?;
        let figure = match args.size {
            Some(size) => figure.resized(size),
            None => figure,
        };
        figure.save(&work.0, &theme, &args.figures.0).map_err(GalleryError::from)?;
        let path = work.0.join(format!("{}.tex", entry.name));
        std::fs::write(&path, caption).map_err(|e| failed(&path, e))?;
        for fault in figure.overlaps(&theme).map_err(Error::Failed)? {
            // A fault of the figure, not of what it shows: say it and go on.
            let _ = writeln!(std::io::stderr(), "flipchain: {fault}");
        }
        for (from, to) in files(&work.0, entry).into_iter().zip(files(&folder, entry)) {
            std::fs::rename(&from, &to).map_err(|e| failed(&to, e))?;
        }
        if !args.quiet {
            let seconds = start.elapsed().as_secs_f64();
            print(&format!(
                "{:18}{seconds:5.1} s   {}\n",
                entry.name,
                folder.join(entry.name).display()
            ))?;
        }
    }
    Ok(())
}

/// The figures of these names, in the order of the gallery; all for none.
fn chosen(names: &[String]) -> Result<Vec<&'static Entry>, Error> {
    if let Some(unknown) = names.iter().find(|name| GALLERY.iter().all(|e| e.name != **name)) {
        let all: Vec<&str> = GALLERY.iter().map(|e| e.name).collect();
        return Err(Error::BadInput(format!(
            "figures: found \"{unknown}\"; allowed: {}{}",
            all.join(", "),
            did_you_mean(unknown, all.iter().copied())
        )));
    }
    Ok(GALLERY
        .iter()
        .filter(|e| names.is_empty() || names.iter().any(|name| name == e.name))
        .collect())
}

/// A folder that is gone when it is dropped.
struct Work(PathBuf);

impl Drop for Work {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
