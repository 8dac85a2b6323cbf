//! Themes: the style of each part of the screen.
//!
//! A theme is a TOML file with a `[palette]` of named colours and `[styles]` from scope to style (`"accent on surface bold"`).
//! It may inherit another theme: palette and styles are overlaid name by name *before* styles are resolved, so most themes are
//! only a palette. A scope without a style falls back to the one before its last dot: `table.header` to `table`. No other part
//! of the crate contains or computes colours.

use ratatui::style::{Modifier, Style};

use crate::{logs::ansi::Look, resource::Tone};

mod color;
mod file;
mod glyphs;

pub use color::{Depth, contrast};
pub use file::ThemeError;
pub use glyphs::Glyphs;

/// Built-in themes: name and file. The first is the default.
pub const THEMES: &[(&str, &str)] = &[
    ("terminal", include_str!("../../themes/terminal.toml")),
    ("midnight", include_str!("../../themes/midnight.toml")),
    ("paper", include_str!("../../themes/paper.toml")),
    ("ember", include_str!("../../themes/ember.toml")),
    ("moss", include_str!("../../themes/moss.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// Name of the theme without colours, used under `NO_COLOR`.
const MONO: &str = "mono";

macro_rules! scopes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A part of the screen that can be styled.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Scope { $($(#[$doc])* $variant,)* }

        impl Scope {
            /// All scopes, ordered by number.
            pub const ALL: &[Scope] = &[$(Scope::$variant,)*];

            /// Name in theme files.
            pub const fn name(self) -> &'static str {
                match self { $(Scope::$variant => $name,)* }
            }
        }
    };
}

scopes! {
    /// The background of the whole screen.
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
    /// The environment in the header.
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
    /// A masked secret.
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
    /// The ellipsis for text left out.
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
    /// Scope of a task's colour; there are twelve.
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
    /// The first of [`THEMES`], which uses the terminal's own colours.
    fn default() -> Self {
        let (name, text) = THEMES[0];
        Self::load(text, name).unwrap_or_else(|_| Self::bare(name))
    }
}

impl Theme {
    /// Loads a built-in theme.
    ///
    /// # Errors
    /// When there is no theme of that name; the error lists the names.
    pub fn named(name: &str) -> Result<Self, ThemeError> {
        match THEMES.iter().find(|(known, _)| *known == name) {
            Some((name, text)) => Self::load(text, name),
            None => Err(ThemeError::unknown_theme(name)),
        }
    }

    /// Parses the text of a theme file. The stem of `file_name` becomes the theme's name.
    ///
    /// # Errors
    /// The first mistake, with file, line, key and the nearest valid word.
    pub fn load(text: &str, file_name: &str) -> Result<Self, ThemeError> {
        let styles = file::styles(text, file_name)?;
        let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
        let name = name.strip_suffix(".toml").unwrap_or(name).to_owned();
        Ok(Self { name, glyphs: &glyphs::UNICODE, styles, depth: Depth::True })
    }

    /// Creates a theme without styles.
    fn bare(name: &str) -> Self {
        let styles = vec![Style::new(); Scope::ALL.len()];
        Self { name: name.to_owned(), glyphs: &glyphs::UNICODE, styles, depth: Depth::True }
    }

    /// Adapts the theme to the colour depth of a terminal. Without colours, the styles of the colourless theme are used.
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

    /// Replaces the glyphs by ASCII characters if `ascii`, which any terminal and font can show.
    #[must_use]
    pub fn ascii(self, ascii: bool) -> Self {
        Self { glyphs: Glyphs::new(ascii), ..self }
    }

    /// Style of a scope. Properties that it leaves unset keep the value of the layer below.
    pub fn get(&self, scope: Scope) -> Style {
        self.styles[scope as usize]
    }

    /// Style for the escape sequences in a log line, adapted to the colour depth.
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
        let style = Style { fg: look.fg.map(color::from_escape), bg: look.bg.map(color::from_escape), ..style };
        self.depth.fit(style, self.get(Scope::Base).bg)
    }

    /// Style of a tone.
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
