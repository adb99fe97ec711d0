//! `flipchain figures`: the gallery.

use super::progress::{Show, monitor};
use super::run_args::{For, Format, format_of_text};
use super::{Error, interrupt, print, threads};
use crate::figures::gallery;
use crate::figures::gallery::folder::{self, Folder};
use crate::figures::{Formats, Size};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Arguments of `flipchain figures`.
#[derive(Debug, clap::Args)]
pub struct FiguresArgs {
    /// Names of the figures; all if left out
    names: Vec<String>,
    /// The folder for the drawings, the data NAME.csv and the captions NAME.tex
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
    /// Formats of the drawings: svg, png, pdf and html (values under the pointer) with commas
    /// between, or none
    #[arg(long, value_name = "FORMATS", default_value = "svg,png")]
    figures: Formats,
    /// Colours and size
    #[arg(long, value_enum, default_value_t)]
    theme: For,
    /// Threads to use; all processors if left out. The figures do not depend on it
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZeroUsize>,
    /// Replace figures that exist
    #[arg(long)]
    force: bool,
    /// Print only errors
    #[arg(short, long)]
    quiet: bool,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value_t)]
    progress: Show,
    /// Format of standard output: text, or json, one object a figure
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format_of_text)]
    format: Format,
    /// Print names and titles, and end
    #[arg(long)]
    list: bool,
    /// Print the page that shows the gallery (Markdown), and end
    #[arg(long, hide = true)]
    page: bool,
}

/// Runs the command.
pub fn run(args: FiguresArgs) -> Result<(), Error> {
    let entries = folder::named(&args.names)?;
    if args.list {
        return print(&folder::list(&entries));
    }
    if args.page {
        return print(&gallery::page()?);
    }
    let theme = args.theme.theme();
    let folder = Folder {
        path: args.output.as_deref().unwrap_or(Path::new("")),
        replace: args.force,
        formats: &args.figures,
        size: args.size,
        theme: &theme,
    };
    threads::start(args.threads, args.quiet)?;
    let monitor = monitor(args.progress, args.quiet, Instant::now(), 1.0, &interrupt::token()?);
    let mut said = Ok(());
    folder::write(&entries, &args.overrides, &folder, &monitor, |written| {
        for fault in &written.faults {
            let _ = writeln!(std::io::stderr(), "flipchain: {fault}");
        }
        if !args.quiet && said.is_ok() {
            said = match args.format {
                Format::Text => print(&format!("{written}\n")),
                Format::Json => print(&format!("{}\n", written.json())),
            };
        }
    })?;
    said
}
