//! One record split into cells, without copying them.

/// Where the text of a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the text of the file.
    Text,
    /// In the scratch text, because doubled quotes had to be undone.
    Scratch,
    /// Nowhere: the file has no such cell.
    Missing,
}

/// A cell: a range of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) place: Place,
}

impl Span {
    pub(super) const MISSING: Self = Self { start: 0, end: 0, place: Place::Missing };

    /// A range of the text; ranges stay below 4 GiB because rows are bounded.
    #[inline]
    pub(super) fn text(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, place: Place::Text }
    }

    #[inline]
    pub(super) fn scratch(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32, place: Place::Scratch }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// The cells of one record.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) text: &'a str,
    pub(super) scratch: &'a str,
    pub(super) spans: &'a [Span],
}

impl<'a> Record<'a> {
    /// Cell `at`, `None` when the record has no such cell.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&'a str> {
        let span = self.spans.get(at)?;
        let range = span.start as usize..span.end as usize;
        match span.place {
            Place::Text => Some(&self.text[range]),
            Place::Scratch => Some(&self.scratch[range]),
            Place::Missing => None,
        }
    }

    /// Cell `at`, empty when the record has no such cell.
    #[inline]
    pub(super) fn cell(&self, at: usize) -> &'a str {
        self.get(at).unwrap_or("")
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// All cells as owned text, for a first look.
    pub(super) fn to_strings(self) -> Vec<String> {
        (0..self.len()).map(|at| self.cell(at).to_owned()).collect()
    }

    /// The cells as one line of text, where the file has none.
    pub(super) fn to_line(self) -> String {
        let mut line = String::new();
        for at in 0..self.len() {
            if at > 0 {
                line.push('\t');
            }
            line.push_str(self.cell(at));
        }
        line
    }
}
