//! Themes: which style each part of the screen wears.
//!
//! A theme is a TOML file with a `[palette]` of named colours and `[styles]` from scope to style (`"accent on surface bold"`).
//! It may inherit another: palette and styles are overlaid name by name *before* styles are resolved, so most themes are a
//! palette and nothing else. A scope nobody styles falls back to the one before its last dot: `table.header` to `table`.
//! This is the only place of the crate where colours are written or computed.

use ratatui::style::{Modifier, Style};

use crate::{logs::ansi::Look, resource::Tone};

mod color;
mod file;
mod glyphs;

pub use color::{Depth, contrast};
pub use file::ThemeError;
pub use glyphs::Glyphs;

/// The built-in themes, by name. The first is the default.
pub const THEMES: &[(&str, &str)] = &[
    ("terminal", include_str!("../../themes/terminal.toml")),
    ("midnight", include_str!("../../themes/midnight.toml")),
    ("paper", include_str!("../../themes/paper.toml")),
    ("ember", include_str!("../../themes/ember.toml")),
    ("moss", include_str!("../../themes/moss.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// The theme that needs no colour, and so the one shown under `NO_COLOR`.
const MONO: &str = "mono";

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A part of the screen that can be styled.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Scope { $($(#[$doc])* $variant,)* }

        impl Scope {
            /// Every scope, in the order of its number.
            pub const ALL: &[Scope] = &[$(Scope::$variant,)*];

            /// The name theme files use.
            pub const fn name(self) -> &'static str {
                match self { $(Scope::$variant => $name,)* }
            }
        }
    };
}

scopes! {
    /// The whole screen, beneath everything else.
    Base = "base",
    /// Rules and separators.
    Border = "border",
    /// Secondary text.
    Faint = "faint",
    ToneGood = "tone.good",
    ToneBusy = "tone.busy",
    ToneWait = "tone.wait",
    ToneWarn = "tone.warn",
    ToneBad = "tone.bad",
    ToneMuted = "tone.muted",
    /// The band that names the environment.
    EnvProd = "env.prod",
    EnvStage = "env.stage",
    EnvDev = "env.dev",
    EnvOther = "env.other",
    Header = "header",
    HeaderLabel = "header.label",
    HeaderScope = "header.scope",
    HeaderReadOnly = "header.readonly",
    HeaderWrite = "header.write",
    HeaderPaused = "header.paused",
    HintKey = "help.key",
    HintText = "help.text",
    HelpTitle = "help.title",
    TitleName = "title.name",
    TitleCount = "title.count",
    TitleFilter = "title.filter",
    TableHeader = "table.header",
    TableHeaderSorted = "table.header.sorted",
    TableSelected = "table.selected",
    TableMarked = "table.marked",
    TableChanged = "table.changed",
    TableStale = "table.stale",
    Crumb = "crumbs",
    CrumbActive = "crumbs.active",
    FlashInfo = "flash.info",
    FlashWarn = "flash.warn",
    FlashError = "flash.error",
    Prompt = "prompt",
    PromptText = "prompt.text",
    PromptGhost = "prompt.ghost",
    PromptError = "prompt.error",
    PromptSelected = "prompt.selected",
    Picker = "picker",
    PickerSelected = "picker.selected",
    PickerMatch = "picker.match",
    SectionTitle = "document.section",
    Label = "document.label",
    SearchMatch = "search.match",
    SearchCurrent = "search.current",
    /// A secret that is not shown.
    Masked = "document.masked",
    JsonKey = "json.key",
    JsonString = "json.string",
    JsonNumber = "json.number",
    JsonLiteral = "json.literal",
    JsonPunctuation = "json.punctuation",
    Scrollbar = "scrollbar",
    LogTime = "log.time",
    /// Container and service of a line.
    LogOrigin = "log.origin",
    LogError = "log.error",
    LogWarn = "log.warn",
    LogInfo = "log.info",
    LogDebug = "log.debug",
    LogKey = "log.key",
    LogLate = "log.late",
    /// Where text was left out.
    LogCut = "log.cut",
    LogDay = "log.day",
    LogEdge = "log.edge",
    LogGap = "log.gap",
    LogStarted = "log.started",
    LogStopped = "log.stopped",
    LogFault = "log.fault",
    LogNote = "log.note",
    LogMark = "log.mark",
    LogBar = "log.bar",
    LogBarFaint = "log.bar.faint",
    LogTask1 = "log.task.1",
    LogTask2 = "log.task.2",
    LogTask3 = "log.task.3",
    LogTask4 = "log.task.4",
    LogTask5 = "log.task.5",
    LogTask6 = "log.task.6",
    LogTask7 = "log.task.7",
    LogTask8 = "log.task.8",
    LogTask9 = "log.task.9",
    LogTask10 = "log.task.10",
    LogTask11 = "log.task.11",
    LogTask12 = "log.task.12",
}

impl Scope {
    /// The colour of a task, of which there are twelve.
    pub const fn task(number: u8) -> Self {
        match number % 12 {
            0 => Self::LogTask1,
            1 => Self::LogTask2,
            2 => Self::LogTask3,
            3 => Self::LogTask4,
            4 => Self::LogTask5,
            5 => Self::LogTask6,
            6 => Self::LogTask7,
            7 => Self::LogTask8,
            8 => Self::LogTask9,
            9 => Self::LogTask10,
            10 => Self::LogTask11,
            _ => Self::LogTask12,
        }
    }
}

/// A theme ready to draw with: styles for the terminal's colour depth, and glyphs.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    pub name: String,
    pub glyphs: &'static Glyphs,
    styles: Vec<Style>,
    depth: Depth,
}

impl Default for Theme {
    /// The first of [`THEMES`], in the terminal's own colours.
    fn default() -> Self {
        let (name, text) = THEMES[0];
        Self::load(text, name).unwrap_or_else(|_| Self::bare(name))
    }
}

impl Theme {
    /// A built-in theme.
    ///
    /// # Errors
    /// There is none of that name; the error says which there are.
    pub fn named(name: &str) -> Result<Self, ThemeError> {
        match THEMES.iter().find(|(known, _)| *known == name) {
            Some((name, text)) => Self::load(text, name),
            None => Err(ThemeError::unknown_theme(name)),
        }
    }

    /// A theme from the text of a file called `file_name`, whose stem becomes the theme's name.
    ///
    /// # Errors
    /// The first thing wrong with it: file, line and key, and the nearest valid word.
    pub fn load(text: &str, file_name: &str) -> Result<Self, ThemeError> {
        let styles = file::styles(text, file_name)?;
        let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
        let name = name.strip_suffix(".toml").unwrap_or(name).to_owned();
        Ok(Self { name, glyphs: &glyphs::UNICODE, styles, depth: Depth::True })
    }

    /// No styles at all.
    fn bare(name: &str) -> Self {
        let styles = vec![Style::new(); Scope::ALL.len()];
        Self { name: name.to_owned(), glyphs: &glyphs::UNICODE, styles, depth: Depth::True }
    }

    /// The same theme on a terminal of this depth. Without colour the attributes of the colourless theme stand in.
    #[must_use]
    pub fn at(self, depth: Depth) -> Self {
        if depth == Depth::Mono {
            let mono = Self::named(MONO).unwrap_or_else(|_| Self::bare(MONO));
            return Self { styles: mono.styles, depth, ..self };
        }
        let ground = self.get(Scope::Base).bg;
        let styles = self.styles.iter().map(|style| depth.fit(*style, ground)).collect();
        Self { styles, depth, ..self }
    }

    /// With glyphs any terminal and any font can show.
    #[must_use]
    pub fn ascii(self, ascii: bool) -> Self {
        Self { glyphs: Glyphs::new(ascii), ..self }
    }

    /// What a part of the screen wears; what a style leaves open shows what lies beneath.
    pub fn get(&self, scope: Scope) -> Style {
        self.styles[scope as usize]
    }

    /// What a line of a log asks for by its own escapes, as far as the terminal can show it.
    pub fn look(&self, look: Look) -> Style {
        let modifiers = [
            (look.bold, Modifier::BOLD),
            (look.dim, Modifier::DIM),
            (look.italic, Modifier::ITALIC),
            (look.underline, Modifier::UNDERLINED),
            (look.reverse, Modifier::REVERSED),
        ];
        let modifiers = modifiers.into_iter().filter(|(on, _)| *on).map(|(_, modifier)| modifier).collect();
        let style = Style::new().add_modifier(modifiers);
        if self.depth == Depth::Mono {
            return style;
        }
        let style = Style { fg: look.fg.map(color::asked), bg: look.bg.map(color::asked), ..style };
        self.depth.fit(style, self.get(Scope::Base).bg)
    }

    /// The style of a tone.
    pub fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => Style::new(),
            Tone::Good => self.get(Scope::ToneGood),
            Tone::Busy => self.get(Scope::ToneBusy),
            Tone::Wait => self.get(Scope::ToneWait),
            Tone::Warn => self.get(Scope::ToneWarn),
            Tone::Bad => self.get(Scope::ToneBad),
            Tone::Muted => self.get(Scope::ToneMuted),
        }
    }
}

#[cfg(test)]
mod tests;
