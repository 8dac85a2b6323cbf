//! The programs that run in the container for a copy, and what they answer. They need `sh` and the tools that small
//! images have, and say which one is missing.
//!
//! Each answers with a line first. A download then writes the content, and its checksum to standard error. An upload
//! waits for a line: `append SIZE CHECKSUM` or `replace SIZE CHECKSUM`, then the content; it answers with a second line.
//!
//! Single quotes are avoided: each would make four characters of the command line.

use super::checksum::ChecksumTool;

/// Resumed downloads begin at a multiple of this, the block size of `dd`.
pub(super) const BLOCK: u64 = 64 * 1024;

/// `$y`: what the image computes checksums with; `s` prints that of its input.
const CHECKSUM: &str = r#"h() { command -v "$1" >/dev/null 2>&1; };
if h sha256sum; then y=sha256; elif h cksum; then y=cksum; else y=none; fi;
s() { case $y in sha256) set -- $(sha256sum); echo "sha256:$1";; cksum) set -- $(cksum); echo "cksum:$1";; *) echo none;; esac; };
"#;

/// Arguments: path, length of the part that is here already, and its checksums by both tools. Answers
/// `file SIZE MODE OFFSET TOOL`, `folder TOOL` or why there is nothing to copy. A file that grows is copied up to its
/// length at the beginning.
const DOWNLOAD: &str = r#"p=$1; k=$2; a=$3; b=$4;
if [ -d "$p" ]; then
h tar || { echo no-tar; exit 0; };
if ! [ -r "$p" ] || ! [ -x "$p" ]; then echo denied; exit 0; fi;
if ! h tee || ! [ -e /dev/fd/0 ]; then y=none; fi;
echo "folder $y"; exec 4>&1;
r() { tar cf - -C "$p" .; echo "tar $?" >&2; };
case $y in none) r | cat;; *) { r | tee /dev/fd/5 >&4; } 5>&1 | { c=$(s); echo "sum $c" >&2; };; esac;
exit 0; fi;
[ -e "$p" ] || { echo missing; exit 0; };
[ -f "$p" ] || { echo special; exit 0; };
[ -r "$p" ] || { echo denied; exit 0; };
n=-; m=-;
if h stat; then z=$(stat -L -c "%s %a" "$p" 2>/dev/null) && { n=${z% *}; m=${z#* }; }; fi;
case $n in -|0) if h wc; then n=$(wc -c <"$p") && n=$((n)) || n=-; fi;; esac;
o=0;
if [ "$k" -gt 0 ] && [ "$n" != - ] && [ "$n" -ge "$k" ] && h dd; then
case $y in none) o=$k;; *) c=$(dd if="$p" bs=65536 count=$((k / 65536)) 2>/dev/null | s);
case $c in "$a"|"$b") o=$k;; esac;; esac; fi;
echo "file $n $m $o $y";
if [ "$o" -gt 0 ]; then dd if="$p" bs=65536 skip=$((o / 65536)) 2>/dev/null; else cat "$p"; fi || exit 1;
if [ "$n" != - ] && h head; then c=$(head -c "$n" "$p" | s); else c=$(s <"$p"); fi;
echo "sum $c" >&2"#;

/// Arguments: path, name of what is copied, `file` or `folder`, mode in octal, whether to overwrite, whether to resume.
/// Answers `ready in|as TOOL SIZE CHECKSUM`, of the part that is there already, or `no REASON`; at the end `done`,
/// `done no-chmod`, `short SIZE`, `failed` or `differs`.
const UPLOAD: &str = r#"p=$1; b=$2; f=$3; m=$4; w=$5; r=$6;
no() { echo "no $1"; exit 0; };
if [ -d "$p" ]; then t=${p%/}/$b; i=in; else t=$p; i=as; case $p in */) no no-folder;; esac; fi;
d=${t%/*}/; n=${t##*/}; q=$d.$n.ecsight-part;
[ -d "$d" ] || no no-parent;
if ! [ -w "$d" ] || ! [ -x "$d" ]; then no denied; fi;
if [ -e "$t" ] || [ -L "$t" ]; then
if [ -d "$t" ]; then [ "$f" = folder ] || no is-folder; else [ "$f" = file ] || no is-file; fi;
[ "$w" = 1 ] || no exists; fi;
if ! h mv || ! h rm; then no no-mv; fi;
if [ "$f" = folder ]; then if ! h tar || ! h mkdir; then no no-tar; fi;
if ! h tee || ! [ -e /dev/fd/0 ]; then y=none; fi; fi;
l() { if h stat && stat -c %s "$q" 2>/dev/null; then :; elif h wc && z=$(wc -c <"$q"); then echo $((z)); else echo -; fi; };
g=0; c=none;
if [ "$r" = 1 ] && [ -f "$q" ] && ! [ -L "$q" ]; then g=$(l); c=$(s <"$q"); fi;
echo "ready $i $y $g $c";
IFS= read -r x || exit 0;
a=${x%% *}; x=${x#* }; e=${x%% *}; x=${x#* };
umask 077;
if [ "$f" = folder ]; then
rm -rf "$q"; mkdir "$q" || exit 1;
k() { tar xpf - -C "$q" >&2; v=$?; cat >/dev/null; echo "tar:$v" >&7; };
case $y in none) v=$( { k; } 7>&1 );; *) v=$( { { tee /dev/fd/5 | k 5>&-; } 5>&1 >/dev/null | s >&7; } 7>&1 );; esac;
case $v in *tar:0*) ;; *) rm -rf "$q"; echo failed; exit 0;; esac;
if [ "$y" != none ]; then case $v in *"$x"*) ;; *) rm -rf "$q"; echo differs; exit 0;; esac; fi;
if [ -d "$t" ]; then rm -rf "$t"; fi; o=;
else
if [ "$a" = append ]; then cat >>"$q"; else rm -rf "$q"; set -C; cat >"$q"; fi || exit 1;
z=$(l);
if [ "$z" != - ] && [ "$z" -lt "$e" ]; then echo "short $z"; exit 0; fi;
if [ "$y" = none ]; then [ "$z" = - ] || [ "$z" = "$e" ]; else c=$(s <"$q"); [ "$c" = "$x" ]; fi || { rm -f "$q"; echo differs; exit 0; };
o=; if ! h chmod || ! chmod "$m" "$q"; then o=" no-chmod"; fi;
if [ -d "$t" ]; then rm -f "$q"; no is-folder; fi; fi;
mv -f "$q" "$t" || exit 1;
echo "done$o""#;

/// The command that downloads `path`, of which `length` bytes with these checksums are here.
pub(super) fn download(path: &str, length: u64, checksums: [String; 2]) -> Vec<String> {
    let [sha256, cksum] = checksums;
    command(DOWNLOAD, [path.to_owned(), length.to_string(), sha256, cksum])
}

/// What is uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UploadTarget<'a> {
    pub path: &'a str,
    /// The name in `path`, if that is a folder.
    pub name: &'a str,
    pub is_folder: bool,
    pub mode: u32,
    pub overwrite: bool,
    pub resume: bool,
}

/// The command that takes an upload.
pub(super) fn upload(target: &UploadTarget<'_>) -> Vec<String> {
    let UploadTarget { path, name, is_folder, mode, overwrite, resume } = *target;
    let flag = |set: bool| u8::from(set).to_string();
    let kind = if is_folder { "folder" } else { "file" };
    let arguments =
        [path.to_owned(), name.to_owned(), kind.to_owned(), format!("{mode:o}"), flag(overwrite), flag(resume)];
    command(UPLOAD, arguments)
}

fn command(program: &str, arguments: impl IntoIterator<Item = String>) -> Vec<String> {
    let program = CHECKSUM.to_owned() + program;
    let program = program.lines().collect::<Vec<_>>().join(" ");
    let words = ["sh".to_owned(), "-c".to_owned(), program, "sh".to_owned()];
    words.into_iter().chain(arguments).collect()
}

/// The first line of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DownloadAnswer {
    File {
        size: Option<u64>,
        mode: Option<u32>,
        offset: u64,
        tool: Option<ChecksumTool>,
    },
    Folder {
        tool: Option<ChecksumTool>,
    },
    /// Why there is nothing to copy.
    Refused(String),
}

impl DownloadAnswer {
    pub(super) fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["file", size, mode, offset, tool] => Self::File {
                size: size.parse().ok(),
                mode: u32::from_str_radix(mode, 8).ok(),
                offset: offset.parse().unwrap_or_default(),
                tool: ChecksumTool::parse(tool),
            },
            ["folder", tool] => Self::Folder { tool: ChecksumTool::parse(tool) },
            ["missing"] => Self::Refused("there is no such file or folder in the container".to_owned()),
            ["special"] => Self::Refused("it is neither a file nor a folder".to_owned()),
            ["denied"] => Self::Refused("the container's user may not read it".to_owned()),
            ["no-tar"] => Self::Refused("folders need `tar` in the image; copy single files".to_owned()),
            _ => Self::Refused(unexpected(line)),
        }
    }
}

/// The first line of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UploadAnswer {
    Ready {
        /// The path is a folder: the copy is placed in it.
        is_inside: bool,
        tool: Option<ChecksumTool>,
        /// Length and checksum of the part that is there.
        part: (u64, String),
    },
    Refused(String),
}

impl UploadAnswer {
    pub(super) fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        let reason = match words.as_slice() {
            ["ready", place, tool, size, checksum] => {
                return Self::Ready {
                    is_inside: *place == "in",
                    tool: ChecksumTool::parse(tool),
                    part: (size.parse().unwrap_or_default(), (*checksum).to_owned()),
                };
            }
            ["no", reason] => *reason,
            _ => "",
        };
        Self::Refused(match reason {
            "no-folder" => "there is no such folder in the container".to_owned(),
            "no-parent" => "the folder that it would be in does not exist in the container".to_owned(),
            "denied" => "the container's user may not write there, or the file system is read-only".to_owned(),
            "is-folder" => "there is a folder of this name in the container".to_owned(),
            "is-file" => "there is a file of this name in the container".to_owned(),
            "exists" => "it exists in the container; to overwrite it, add --force".to_owned(),
            "no-mv" => "uploads need `mv` and `rm` in the image".to_owned(),
            "no-tar" => "folders need `tar` and `mkdir` in the image; copy single files".to_owned(),
            _ => unexpected(line),
        })
    }
}

fn unexpected(line: &str) -> String {
    format!("unexpected answer of the container: {line}")
}
