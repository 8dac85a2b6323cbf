//! Key hints: from the actions, with adjustments by the screen.

use super::{
    Model,
    action::{ACTIONS, Hint, session},
    keymap::Key,
    unbound::k9s_key,
};

impl Model {
    /// The hints for the top screen, most important first.
    pub fn hints(&self) -> Vec<Hint> {
        let (contexts, kind) = (self.front.contexts(), self.front.kind());
        let mut hints: Vec<Hint> = ACTIONS
            .iter()
            .filter(|action| action.works_in(contexts, kind))
            .filter_map(|action| {
                let ((text, rank), key) =
                    (self.front.hint(action, self.behind.last())?, *self.keymap.keys(action).first()?);
                // Keys of a text take precedence over those of its row.
                let (called, _) = self.keymap.find(key, contexts, kind)?;
                (called == action).then(|| Hint { key: key.to_string(), text, rank })
            })
            .collect();
        hints.sort_by_key(|hint| hint.rank);
        hints
    }

    /// Why `key` does nothing here, and what to use instead, in one line.
    pub(super) fn explain_unbound(&self, key: Key) -> String {
        let (contexts, kind) = (self.front.contexts(), self.front.kind());
        let elsewhere =
            self.keymap.called_by(key).map(|(action, _)| action).find(|action| contexts.contains(&action.place));
        match (elsewhere, kind, k9s_key(key)) {
            (Some(action), Some(kind), _) => {
                format!("{key}: not for {}; {} is for {}", kind.plural, action.name, action.whereabouts())
            }
            (.., Some(say)) => format!("{key}: {say}"),
            _ => {
                let help = self.keymap.key_of(&session::HELP).map_or_else(|| ":help".into(), |key| key.to_string());
                format!("{key} does nothing here; {help} lists the keys")
            }
        }
    }
}
