//! Excel's workbooks, read cell by cell: a sheet that is a million rows high and empty costs nothing.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader, Xlsb, Xlsx};
use transom_domain::Text;

use super::markup::Markup;
use super::sheet::{Cell, Sheet, is_words};
use super::{ExtractError, Extractor, Input};
use crate::media::MediaType;

/// XLSX and XLSB.
pub(super) struct Workbook;

impl Extractor for Workbook {
    fn takes(&self, media: MediaType) -> bool {
        matches!(media, MediaType::Xlsx | MediaType::Xlsb)
    }

    fn extract(&self, input: &Input<'_>) -> Result<Text, ExtractError> {
        let mut out = Markup::default();
        let bytes = Cursor::new(input.bytes);
        match Xlsx::new(bytes.clone()) {
            Ok(mut book) => {
                for name in book.sheet_names() {
                    // A sheet of charts has no cells.
                    let Ok(mut cells) = book.worksheet_cells_reader(&name) else { continue };
                    sheet(&mut out, &name, || cells.next_cell().map_err(|_| damaged()))?;
                }
            }
            Err(_) => {
                let mut book = Xlsb::new(bytes).map_err(|_| damaged())?;
                for name in book.sheet_names() {
                    let Ok(mut cells) = book.worksheet_cells_reader(&name) else { continue };
                    sheet(&mut out, &name, || cells.next_cell().map_err(|_| damaged()))?;
                }
            }
        }
        Ok(out.finish())
    }
}

fn damaged() -> ExtractError {
    ExtractError::Unreadable { reason: "This spreadsheet is damaged and cannot be read.".into() }
}

/// Writes a sheet, a row as soon as it is complete.
fn sheet<'a>(
    out: &mut Markup,
    name: &str,
    mut next: impl FnMut() -> Result<Option<calamine::Cell<DataRef<'a>>>, ExtractError>,
) -> Result<(), ExtractError> {
    let mut sheet = Sheet::begin(out, name);
    let (mut row, mut cells) = (0, Vec::new());
    while let Some(cell) = next()? {
        let Some((text, words)) = shown(cell.get_value()) else { continue };
        let (at, column) = cell.get_position();
        if at != row {
            sheet.row(out, &cells);
            cells.clear();
            row = at;
        }
        cells.push(Cell { column: column as usize, text, words });
    }
    sheet.row(out, &cells);
    Ok(())
}

/// What a cell shows, and whether that is words.
fn shown(value: &DataRef<'_>) -> Option<(String, bool)> {
    let text = match value {
        DataRef::Empty | DataRef::Error(_) => return None,
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(time) => date(time),
        DataRef::DateTimeIso(time) | DataRef::DurationIso(time) => time.clone(),
    };
    let words = matches!(value, DataRef::String(_) | DataRef::SharedString(_)) && is_words(&text);
    (!text.trim().is_empty()).then_some((text, words))
}

fn date(time: &ExcelDateTime) -> String {
    let seconds = (time.as_f64() * 86_400.0).round();
    if time.is_duration() {
        let (hours, rest) = ((seconds / 3600.0).trunc(), (seconds % 3600.0).abs());
        return format!("{hours}:{:02}:{:02}", (rest / 60.0).trunc(), rest % 60.0);
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") };
    match (time.as_f64() < 1.0, (hour, minute, second) == (0, 0, 0)) {
        (true, _) => clock,
        (false, true) => format!("{year}-{month:02}-{day:02}"),
        (false, false) => format!("{year}-{month:02}-{day:02} {clock}"),
    }
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn dates_times_and_durations_are_written_for_people() {
        let shown = |value, kind| date(&ExcelDateTime::new(value, kind, false));
        assert_eq!(shown(45943.0, ExcelDateTimeType::DateTime), "2025-10-13");
        assert_eq!(shown(45943.5, ExcelDateTimeType::DateTime), "2025-10-13 12:00");
        assert_eq!(shown(0.25, ExcelDateTimeType::DateTime), "06:00");
        assert_eq!(shown(1.5, ExcelDateTimeType::TimeDelta), "36:00:00");
    }
}
