//! The types of the screens: TypeScript text drawn from the command table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ts_rs::{Config, TS, TypeVisitor};

use crate::commands::{COMMANDS, Problem};

const HEAD: &str = "\
// Generated from the Rust command table by `cargo xtask types`. Do not edit.
// Ids are strings (`req_01j...`), 64-bit numbers are strings, times are RFC 3339 UTC.
";

/// Input and output of a command, by their TypeScript names.
pub(crate) struct Signature {
    input: String,
    output: String,
}

/// Declarations by name; those that no command before needed are fresh.
pub(crate) struct Declarations {
    config: Config,
    seen: BTreeMap<String, String>,
    fresh: Vec<(Option<String>, String)>,
    /// Names that two Rust types claim with different shapes.
    clashes: Vec<String>,
}

impl Declarations {
    pub(crate) fn signature<I: TS + 'static, O: TS + 'static>(&mut self) -> Signature {
        self.visit::<I>();
        self.visit::<O>();
        Signature { input: I::name(&self.config), output: O::name(&self.config) }
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only declared types have a file of their own; the others are written where they are used.
        if T::output_path().is_some() {
            let (name, declaration) = (T::ident(&self.config), T::decl(&self.config));
            // Contexts are siblings, so each declares what it shares with another; the shapes must agree.
            if let Some(known) = self.seen.get(&name) {
                if shape(known) != shape(&declaration) {
                    self.clashes.push(name);
                }
                return;
            }
            self.seen.insert(name, declaration.clone());
            T::visit_dependencies(self);
            self.fresh.push((T::docs(), declaration));
            return;
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// The text of `ui/src/api/generated.ts`.
///
/// # Errors
/// The names that two types claim with different shapes.
pub fn typescript() -> Result<String, Vec<String>> {
    // 64-bit numbers lose digits in JavaScript, so they cross as text.
    let config = Config::new().with_large_int("string");
    let mut declarations = Declarations { config, seen: BTreeMap::new(), fresh: Vec::new(), clashes: Vec::new() };
    let mut text = HEAD.to_owned();
    let mut table = String::new();
    let mut topics: Vec<&str> = Vec::new();
    declarations.visit::<Problem>();
    flush(&mut text, &mut declarations);
    for command in COMMANDS {
        let topic = command.name.split('.').next().unwrap_or_default();
        let signature = (command.describe)(&mut declarations);
        if !topics.contains(&topic) {
            topics.push(topic);
            let _ = write!(text, "\n// {topic}\n");
        }
        flush(&mut text, &mut declarations);
        let _ = writeln!(table, "  \"{}\": {{ input: {}; output: {} }};", command.name, signature.input, signature.output);
    }
    let topics: Vec<String> = topics.iter().map(|topic| format!("\"{topic}\"")).collect();
    let _ = write!(
        text,
        "\n/** Every command, with what it takes and what it answers. */\nexport interface Commands {{\n{table}}}\nexport type CommandName = keyof Commands;\n\
         /** Words that `changed` events carry; a screen refreshes the queries of that context. */\nexport type Topic = {};\n",
        topics.join(" | ")
    );
    if declarations.clashes.is_empty() { Ok(text) } else { Err(declarations.clashes) }
}

fn flush(text: &mut String, declarations: &mut Declarations) {
    // ts-rs tells dependencies in an order that differs from build to build.
    declarations.fresh.sort_by(|(_, one), (_, other)| one.cmp(other));
    for (docs, declaration) in declarations.fresh.drain(..) {
        text.push_str(&comment(docs.as_deref().unwrap_or_default(), ""));
        text.push_str(&layout(&declaration));
    }
}

/// A declaration without its comments.
fn shape(declaration: &str) -> String {
    let mut shape = String::new();
    let mut rest = declaration;
    while let Some((before, after)) = rest.split_once("/**") {
        shape.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    shape.push_str(rest);
    shape.split_whitespace().collect()
}

/// A comment in its TypeScript form, one line where it fits.
fn comment(block: &str, indent: &str) -> String {
    let lines: Vec<&str> = block
        .trim()
        .trim_start_matches("/**")
        .trim_end_matches("*/")
        .lines()
        .map(|line| line.trim().trim_start_matches('*').trim())
        .filter(|line| !line.is_empty())
        .collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let mut text = format!("{indent}/**\n");
            for line in lines {
                let _ = writeln!(text, "{indent} * {line}");
            }
            let _ = writeln!(text, "{indent} */");
            text
        }
    }
}

/// A declaration as a person would write it: an interface with a field a line, or a union.
fn layout(declaration: &str) -> String {
    let Some((head, body)) = declaration.split_once(" = ") else { return format!("export {declaration}\n") };
    let name = head.trim_start_matches("type ");
    let body = body.trim().trim_end_matches(';').trim();
    // What ts-rs writes for a struct without fields.
    let body = if body == "Record<symbol, never>" { "{}" } else { body };
    let Some(fields) = body.strip_prefix('{').and_then(|body| body.strip_suffix('}')) else {
        return format!("export type {name} = {};\n", union(body));
    };
    let fields = split(fields, ',');
    if fields.is_empty() {
        return format!("export interface {name} {{}}\n");
    }
    let mut text = format!("export interface {name} {{\n");
    for field in fields {
        let (docs, field) = documented(&field);
        text.push_str(&comment(&docs, "  "));
        let _ = writeln!(text, "  {field};");
    }
    text.push_str("}\n");
    text
}

fn union(body: &str) -> String {
    let variants: Vec<(String, String)> = split(body, '|').iter().map(|variant| documented(variant)).collect();
    if variants.iter().all(|(docs, _)| docs.is_empty()) {
        return variants.into_iter().map(|(_, variant)| variant).collect::<Vec<_>>().join(" | ");
    }
    let mut text = String::new();
    for (docs, variant) in variants {
        let _ = write!(text, "\n{}  | {variant}", comment(&docs, "  "));
    }
    text
}

/// The comment before a piece, and the piece.
fn documented(piece: &str) -> (String, String) {
    let piece = piece.trim();
    match piece.strip_prefix("/**").and_then(|rest| rest.split_once("*/")) {
        Some((docs, rest)) => (docs.to_owned(), rest.trim().to_owned()),
        None => (String::new(), piece.to_owned()),
    }
}

/// Splits at a separator that stands outside of comments, strings and brackets; empty pieces are dropped.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut depth, mut quoted, mut commented) = (0_i32, false, false);
    let mut previous = ' ';
    for c in text.chars() {
        match c {
            '*' if previous == '/' && !quoted => commented = true,
            '/' if previous == '*' && commented => commented = false,
            '"' if !commented => quoted = !quoted,
            '{' | '<' | '(' | '[' if !quoted && !commented => depth += 1,
            '}' | '>' | ')' | ']' if !quoted && !commented => depth -= 1,
            _ => {}
        }
        previous = c;
        if c == separator && depth == 0 && !quoted && !commented {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}
