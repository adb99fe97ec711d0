//! `flipchain completions` and `flipchain manual`: completions for a shell and the manual page,
//! generated from the definitions that parse the arguments.

use super::{Cli, Error, print};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use std::path::PathBuf;

/// Arguments of `flipchain completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell to print them for
    pub shell: Shell,
}

/// Arguments of `flipchain manual`.
#[derive(Debug, Args)]
pub struct ManualArgs {
    /// A folder to write one page for the program and one for each command; without it the
    /// program's page goes to standard output
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// Prints the completions.
pub fn completions(args: CompletionsArgs) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "flipchain", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints or writes the manual pages, section 1.
pub fn manual(args: ManualArgs) -> Result<(), Error> {
    let Some(folder) = args.output else {
        let mut page = Vec::new();
        Man::new(Cli::command())
            .render(&mut page)
            .map_err(|e| Error::Failed(format!("cannot set the manual page: {e}")))?;
        return print(&String::from_utf8_lossy(&page));
    };
    let unwritable =
        |e| Error::BadInput(format!("cannot write manual pages into {}: {e}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(unwritable)?;
    clap_mangen::generate_to(Cli::command(), &folder).map_err(unwritable)
}
