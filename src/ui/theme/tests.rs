use ratatui::style::{Color, Modifier};
use rstest::rstest;

use super::*;
use crate::logs::ansi::Colour;

fn style_on(theme: &Theme, scope: Scope) -> Style {
    theme.get(Scope::Base).patch(theme.get(scope))
}

#[test]
fn every_built_in_theme_loads_under_its_name() {
    for (name, _) in THEMES {
        assert_eq!(Theme::named(name).map(|theme| theme.name), Ok((*name).to_owned()));
    }
    assert_eq!(Theme::default(), Theme::named("terminal").unwrap());
}

#[test]
fn every_scope_is_styled_or_deliberately_plain() {
    let plain = [Scope::Header, Scope::FlashInfo, Scope::Masked, Scope::JsonString];
    let theme = Theme::default();
    let bare: Vec<_> = Scope::ALL.iter().filter(|s| theme.get(**s) == Style::new() && !plain.contains(s)).collect();
    assert_eq!(bare, Vec::<&Scope>::new());
}

/// Checks the contrast of text on every possible background, in every theme that sets its own background.
#[rstest]
#[case("midnight", 4.5)]
#[case("paper", 4.5)]
#[case("ember", 4.5)]
#[case("moss", 4.5)]
#[case("high-contrast", 7.0)]
fn text_is_readable_on_every_background(#[case] name: &str, #[case] least: f64) {
    let theme = Theme::named(name).unwrap();
    let decoration = [Scope::Border, Scope::Scrollbar];
    for scope in Scope::ALL.iter().filter(|scope| !decoration.contains(scope)) {
        let style = style_on(&theme, *scope);
        let ratio = contrast(style.fg.unwrap(), style.bg.unwrap()).unwrap();
        assert!(ratio >= least, "{name}: {} has a contrast of {ratio:.2}", scope.name());
    }
    for scope in Scope::ALL.iter().filter(|scope| scope.name().starts_with("log.")) {
        let style = style_on(&theme, Scope::TableSelected).patch(Style { bg: None, ..theme.get(*scope) });
        let ratio = contrast(style.fg.unwrap(), style.bg.unwrap()).unwrap();
        assert!(ratio >= least, "{name}: {} on the line of the cursor has {ratio:.2}", scope.name());
    }
    let tones = [Tone::Plain, Tone::Good, Tone::Busy, Tone::Wait, Tone::Warn, Tone::Bad, Tone::Muted];
    for ground in [Scope::TableSelected, Scope::TableChanged, Scope::Picker, Scope::PickerSelected] {
        let marks = [Scope::TableMarked, Scope::PickerMatch, Scope::Faint].map(|scope| theme.get(scope));
        for style in tones.map(|tone| theme.tone(tone)).into_iter().chain(marks) {
            let style = style_on(&theme, ground).patch(Style { bg: None, ..style });
            let ratio = contrast(style.fg.unwrap(), style.bg.unwrap()).unwrap();
            assert!(ratio >= least, "{name}: {:?} on {} has {ratio:.2}", style.fg, ground.name());
        }
    }
}

#[test]
fn tones_are_distinct_at_every_depth() {
    for (name, _) in THEMES.iter().filter(|(name, _)| *name != "mono") {
        for depth in [Depth::Ansi16, Depth::Ansi256, Depth::True] {
            let theme = Theme::named(name).unwrap().at(depth);
            let alarm = [Tone::Good, Tone::Warn, Tone::Bad].map(|tone| theme.tone(tone).fg);
            assert!(alarm[0] != alarm[1] && alarm[1] != alarm[2] && alarm[0] != alarm[2], "{name} at {depth:?}");
        }
    }
}

#[test]
fn text_never_takes_the_colour_of_its_background_at_any_depth() {
    for (name, _) in THEMES {
        for depth in [Depth::Ansi16, Depth::Ansi256] {
            let theme = Theme::named(name).unwrap().at(depth);
            for scope in Scope::ALL {
                let style = style_on(&theme, *scope);
                let same = style.fg.is_some() && style.fg == style.bg && style.fg != Some(Color::Reset);
                assert!(!same, "{name} at {depth:?}: {}", scope.name());
            }
        }
    }
}

#[test]
fn without_colour_styles_have_attributes_only() {
    let theme = Theme::named("ember").unwrap().at(Depth::Mono);
    for scope in Scope::ALL {
        let style = theme.get(*scope);
        assert_eq!((style.fg, style.bg), (None, None), "{}", scope.name());
    }
    assert!(theme.tone(Tone::Bad).add_modifier.contains(Modifier::BOLD));
    assert_eq!(theme.name, "ember");
}

#[test]
fn escapes_of_a_log_line_are_shown_within_the_colour_depth() {
    let look = Look { fg: Some(Colour::Rgb(255, 140, 120)), bold: true, ..Look::default() };
    let at = |depth| Theme::named("midnight").unwrap().at(depth).look(look);
    assert_eq!(at(Depth::True), Style::new().fg(Color::Rgb(255, 140, 120)).add_modifier(Modifier::BOLD));
    assert_eq!(at(Depth::Ansi16), Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD));
    assert_eq!(at(Depth::Mono), Style::new().add_modifier(Modifier::BOLD));
    let red = Look { fg: Some(Colour::Ansi(1)), ..Look::default() };
    assert_eq!(Theme::default().look(red), Style::new().fg(Color::Red));
}

#[test]
fn a_scope_falls_back_to_the_general_one() {
    let theme = Theme::load("[styles]\n\"env\" = \"red bold\"\n\"env.dev\" = \"green\"", "x.toml").unwrap();
    assert_eq!(theme.get(Scope::EnvProd), Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
    assert_eq!(theme.get(Scope::EnvDev), Style::new().fg(Color::Green));
    assert_eq!(theme.get(Scope::Crumb), Style::new());
}

#[test]
fn a_palette_recolours_inherited_styles() {
    let theme = Theme::load("inherits = \"midnight\"\n[palette]\nbad = \"#ff00aa\"", "mine.toml").unwrap();
    assert_eq!(theme.name, "mine");
    assert_eq!(theme.tone(Tone::Bad).fg, Some(Color::Rgb(255, 0, 170)));
    assert_eq!(theme.tone(Tone::Good), Theme::named("midnight").unwrap().tone(Tone::Good));
}

#[rstest]
#[case("[styles]\n\"tone.god\" = \"red\"", "x.toml:2: \"tone.god\": no such scope; did you mean tone.good")]
#[case(
    "[styles]\n\n\"tone.good\" = \"gren\"",
    "x.toml:3: \"tone.good\": no colour or attribute \"gren\"; did you mean green"
)]
#[case("[styles]\n\"base\" = \"red on\"", "x.toml:2: \"base\": a colour must follow \"on\"")]
#[case("[styles]\n\"base\" = \"red blue\"", "x.toml:2: \"base\": a second colour, \"blue\"")]
#[case("[palette]\nink = \"#12345\"", "x.toml:2: \"ink\": \"#12345\" is not #rrggbb")]
#[case("[palette]\nink = \"#+12345\"", "x.toml:2: \"ink\": \"#+12345\" is not #rrggbb")]
#[case("[palette]\nink = \"blakc\"", "x.toml:2: \"ink\": no colour or attribute \"blakc\"; did you mean black")]
#[case("# mine\ninherits = \"midnite\"", "x.toml:2: inherits: no theme is called \"midnite\"; did you mean midnight")]
#[case("[style]\n\"base\" = \"red\"", "x.toml:1: unknown field `style`")]
#[case("[styles]\n\"base\" = 3", "x.toml:2: invalid type: integer `3`")]
#[case("[styles\n", "x.toml:1: ")]
fn a_mistake_is_reported_with_its_position(#[case] text: &str, #[case] start: &str) {
    let message = Theme::load(text, "x.toml").unwrap_err().to_string();
    assert!(message.starts_with(start), "{message}");
}

#[test]
fn an_unknown_theme_names_the_nearest() {
    let message = Theme::named("midnigth").unwrap_err().to_string();
    assert_eq!(message, "no theme is called \"midnigth\"; did you mean midnight?");
}

#[rstest]
#[case(&[("TERM", "xterm")], Depth::Ansi16)]
#[case(&[("TERM", "screen-256color")], Depth::Ansi256)]
#[case(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True)]
#[case(&[("TERM", "xterm-direct")], Depth::True)]
#[case(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], Depth::Mono)]
#[case(&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Depth::Ansi256)]
#[case(&[("TERM", "dumb")], Depth::Mono)]
#[case(&[], Depth::Ansi16)]
fn the_colour_depth_is_detected_from_the_environment(#[case] vars: &[(&str, &str)], #[case] depth: Depth) {
    let var = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    assert_eq!(Depth::detect(var), depth);
}

#[test]
fn all_glyphs_are_one_cell_wide() {
    use unicode_width::UnicodeWidthStr;
    for glyphs in [&glyphs::UNICODE, &glyphs::ASCII] {
        let tones = [Tone::Plain, Tone::Good, Tone::Busy, Tone::Wait, Tone::Warn, Tone::Bad, Tone::Muted];
        for glyph in tones.map(|tone| glyphs.tone(tone)).iter().chain(glyphs.all().iter()) {
            assert_eq!(glyph.width(), 1, "{glyph}");
        }
    }
    assert!(glyphs::ASCII.all().iter().all(|glyph| glyph.is_ascii()));
}
