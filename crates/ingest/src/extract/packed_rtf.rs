//! RTF as Outlook packs it ([MS-OXRTFCP]).

/// What every text is packed against: the beginning of a dictionary of 4,096 bytes.
const START: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans Serif\
    SymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const DICTIONARY: usize = 4096;
/// Two lengths, the kind, and a sum over the rest, which nobody needs: damage shows in what comes out.
const HEADER: usize = 16;
/// So much comes out at most. A byte stands for eight or so.
const LONGEST: usize = 64 << 20;

/// The RTF; nothing where it is not packed like this. A text that is cut off gives what there is of it.
pub(super) fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let (header, packed) = bytes.split_at_checked(HEADER)?;
    match &header[8..12] {
        b"MELA" => return Some(packed.to_vec()),
        b"LZFu" => {}
        _ => return None,
    }
    let mut dictionary = [0; DICTIONARY];
    dictionary[..START.len()].copy_from_slice(START);
    let (mut out, mut end) = (Vec::new(), START.len());
    let mut put = |dictionary: &mut [u8; DICTIONARY], end: &mut usize, byte| {
        dictionary[*end] = byte;
        *end = (*end + 1) % DICTIONARY;
        out.push(byte);
        out.len() < LONGEST
    };
    let mut rest = packed.iter().copied();
    'text: while let Some(kinds) = rest.next() {
        for kind in 0..8 {
            let Some(first) = rest.next() else { break 'text };
            if kinds & 1 << kind == 0 {
                if !put(&mut dictionary, &mut end, first) {
                    break 'text;
                }
                continue;
            }
            let Some(second) = rest.next() else { break 'text };
            let (from, length) = (usize::from(first) << 4 | usize::from(second) >> 4, usize::from(second & 0xF) + 2);
            if from == end {
                break 'text;
            }
            for place in from..from + length {
                let byte = dictionary[place % DICTIONARY];
                if !put(&mut dictionary, &mut end, byte) {
                    break 'text;
                }
            }
        }
    }
    Some(out)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The example of the specification.
    pub(in crate::extract) const HELLO: &[u8] =
        b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125B2\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";

    #[test]
    fn the_example_of_the_specification_is_unpacked() {
        assert_eq!(unpacked(HELLO).as_deref(), Some(&b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"[..]));
    }

    #[test]
    fn what_repeats_itself_while_it_is_unpacked_and_what_is_cut_off_end() {
        let repeating = b"\x1a\0\0\0\x14\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04\x20WXYZ\x0d\x6e}\x01\x0e\xb0";
        assert_eq!(unpacked(repeating).as_deref(), Some(&b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"[..]));
        for end in 0..HELLO.len() {
            assert_eq!(unpacked(&HELLO[..end]).is_some(), end >= HEADER);
        }
        assert_eq!(unpacked(b"\0\0\0\0\0\0\0\0MELA\0\0\0\0{\\rtf1 x}").as_deref(), Some(&b"{\\rtf1 x}"[..]));
    }
}
