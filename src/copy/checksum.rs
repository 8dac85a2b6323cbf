//! Checksums as the tools of small images compute them.

use aws_lc_rs::digest::{Context, SHA256};

/// The tool that computes a checksum in the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChecksumTool {
    Sha256sum,
    Cksum,
}

impl ChecksumTool {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256sum => "sha256sum",
            Self::Cksum => "cksum",
        }
    }

    /// The tool by its word in answers of the container; absent if the image has none.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "sha256" => Some(Self::Sha256sum),
            "cksum" => Some(Self::Cksum),
            _ => None,
        }
    }
}

/// A checksum of bytes that arrive in pieces.
#[derive(Clone)]
pub(super) enum Checksum {
    Sha256(Context),
    Cksum(Cksum),
    /// The image has no tool.
    Nothing,
}

impl Checksum {
    pub(super) fn new(tool: Option<ChecksumTool>) -> Self {
        match tool {
            Some(ChecksumTool::Sha256sum) => Self::Sha256(Context::new(&SHA256)),
            Some(ChecksumTool::Cksum) => Self::Cksum(Cksum::default()),
            None => Self::Nothing,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(context) => context.update(bytes),
            Self::Cksum(cksum) => cksum.update(bytes),
            Self::Nothing => {}
        }
    }

    /// The checksum in the form that the container reports it.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Sha256(context) => {
                let hex = context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                format!("sha256:{hex}")
            }
            Self::Cksum(cksum) => format!("cksum:{}", cksum.finish()),
            Self::Nothing => "none".to_owned(),
        }
    }
}

/// The CRC of POSIX `cksum`, which covers the length as well.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cksum {
    crc: u32,
    length: u64,
}

const POLYNOMIAL: u32 = 0x04c1_1db7;
/// `TABLES[k][byte]` is the CRC of `byte` with `k` zero bytes behind it: eight bytes at a time.
const TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc >> 31 == 1 { (crc << 1) ^ POLYNOMIAL } else { crc << 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[zeros - 1][byte];
            tables[zeros][byte] = (before << 8) ^ tables[0][(before >> 24) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

impl Cksum {
    fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            let word = u64::from_be_bytes(*eight) ^ u64::from(self.crc) << 32;
            self.crc = word
                .to_be_bytes()
                .iter()
                .zip(TABLES.iter().rev())
                .fold(0, |crc, (byte, table)| crc ^ table[usize::from(*byte)]);
        }
        rest.iter().for_each(|byte| self.add(*byte));
    }

    fn add(&mut self, byte: u8) {
        self.crc = (self.crc << 8) ^ TABLES[0][usize::from((self.crc >> 24) as u8 ^ byte)];
    }

    fn finish(mut self) -> u32 {
        let mut length = self.length;
        while length > 0 {
            self.add(length as u8);
            length >>= 8;
        }
        !self.crc
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    // From `printf … | sha256sum` and `cksum` of GNU coreutils.
    #[rstest]
    #[case(ChecksumTool::Cksum, b"", "cksum:4294967295")]
    #[case(ChecksumTool::Cksum, b"123456789", "cksum:930766865")]
    #[case(ChecksumTool::Sha256sum, b"abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    fn checksums_are_those_of_the_tools(#[case] tool: ChecksumTool, #[case] bytes: &[u8], #[case] expected: &str) {
        let mut whole = Checksum::new(Some(tool));
        whole.update(bytes);
        let mut pieces = Checksum::new(Some(tool));
        bytes.chunks(1).for_each(|piece| pieces.update(piece));
        assert_eq!((&*whole.finish(), &*pieces.finish()), (expected, expected));
    }
}
