//! What every command understands, before or after its name: where things are, and how answers look.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};

use crate::clock::stamp;
use crate::error::{Error, Result};
use crate::view::{Colour, Format, Out, Spreadsheet, Talk};

/// What every command understands, before or after its name.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Configuration file, or none [default: REGUA_CONFIG, ./config.toml, the user's, /etc/regua/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Database, in place of the configuration's
    #[arg(long, global = true, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Form of the answer [default: table]; of a document, the file to write it to
    #[arg(short, long, global = true, value_parser = OutputParser, value_name = "FORM")]
    pub output: Option<Output>,
    /// The same as -o json
    #[arg(long, global = true, conflicts_with = "output")]
    pub json: bool,
    /// The same as -o csv, in this manner
    #[arg(long, global = true, value_enum, value_name = "MANNER")]
    pub csv: Option<CsvManner>,
    /// In CSV, leave texts as they are that a spreadsheet would take for a formula
    #[arg(long, global = true)]
    pub raw: bool,
    /// Date and time to work with [default: REGUA_NOW, else now]
    #[arg(long, global = true, value_name = "DATE-TIME")]
    pub now: Option<String>,
    /// Colours
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: ColourWhen,
    /// Language of what is said [default: REGUA_LANG, else the locale's]
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    pub lang: Option<Speech>,
    /// Say errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Write what is said on standard error as JSON lines: at, level, message
    #[arg(long, global = true)]
    pub log_json: bool,
}

/// What `-o` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// An answer in this form.
    Form(OutputForm),
    /// A document, in this file.
    File(PathBuf),
}

/// Reads `-o`: a form, or what is plainly the path of a file.
#[derive(Clone)]
pub struct OutputParser;

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Output, clap::Error> {
        let text = value.to_string_lossy();
        if text.contains(['.', '/']) {
            return Ok(Output::File(PathBuf::from(value)));
        }
        let form = EnumValueParser::<OutputForm>::new().parse_ref(command, argument, value)?;
        Ok(Output::Form(form))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let forms = OutputForm::value_variants().iter();
        Some(Box::new(forms.filter_map(ValueEnum::to_possible_value)))
    }
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    /// Columns for people
    #[value(alias = "tabela")]
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// CSV with a header
    Csv,
}

/// The manner of a CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CsvManner {
    /// Commas between cells, decimal points, days as 2026-11-23
    #[value(alias = "simples")]
    Plain,
    /// For a spreadsheet in Portuguese: semicolons, decimal commas, days as 23/11/2026
    Br,
}

/// The language of a run.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Speech {
    /// Portuguese
    Pt,
    /// English
    En,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ColourWhen {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    #[value(alias = "sempre")]
    Always,
    /// Never
    #[value(alias = "nunca")]
    Never,
}

impl Global {
    /// Takes from the environment what the command line leaves open. The parser does not: a variable
    /// that is set would count as a word given, and a bare command would be an error and not its help.
    pub fn complete(&mut self) -> Result<()> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        if self.config.is_none() {
            self.config = set("REGUA_CONFIG").map(PathBuf::from);
        }
        if self.now.is_none()
            && let Some(now) = set("REGUA_NOW")
        {
            let now = now.into_string().map_err(|now| {
                Error::usage(format!("REGUA_NOW is `{}`", now.display()))
                    .hint("a date and time, such as 2026-11-21T09:00")
            })?;
            self.now = Some(now);
        }
        Ok(())
    }
}

/// Refuses two forms of one answer. The parser sees them only where both stand on one side of the command.
pub fn one_form(global: &Global) -> Result<()> {
    let two = |what: &str| Err(Error::usage(what).hint("give one of them"));
    if global.json && global.output.is_some() {
        return two("--json and -o ask for two forms");
    }
    let other = global
        .output
        .as_ref()
        .is_some_and(|output| !matches!(output, Output::Form(OutputForm::Csv)));
    if global.csv.is_some() && (global.json || other) {
        return two("--csv and the form asked for beside it are two forms");
    }
    Ok(())
}

/// Where a run writes, as the command line asks for it.
pub fn paper(global: &Global) -> Out {
    let form = match global.output {
        Some(Output::Form(form)) => Some(form),
        Some(Output::File(_)) | None => None,
    };
    let format = match form {
        _ if global.json => Format::Json,
        _ if global.csv.is_some() => Format::Csv,
        None | Some(OutputForm::Table) => Format::Table,
        Some(OutputForm::Json) => Format::Json,
        Some(OutputForm::Jsonl) => Format::Jsonl,
        Some(OutputForm::Csv) => Format::Csv,
    };
    let talk = match (global.quiet, global.verbose) {
        (true, _) => Talk::Quiet,
        (_, true) => Talk::Verbose,
        _ => Talk::Normal,
    };
    let colour = match global.color {
        ColourWhen::Auto => Colour::Auto,
        ColourWhen::Always => Colour::Always,
        ColourWhen::Never => Colour::Never,
    };
    let out = Out::new(format, talk, colour).with_spreadsheet(Spreadsheet {
        brazilian: global.csv == Some(CsvManner::Br),
        raw: global.raw,
    });
    if global.log_json {
        out.logging(stamp)
    } else {
        out
    }
}
