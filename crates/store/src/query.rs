//! What queries have in common: patterns, pages, and an order among what was made in the same second.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, LikeExpr};
use sea_orm::{Order, QuerySelect};
use transom_domain::Caller;

/// How many ids one statement names at most; SQLite and PostgreSQL both limit the values bound to one.
pub(crate) const IDS_AT_ONCE: usize = 500;

/// SQLite refuses patterns of more than 50,000 bytes; names are far shorter.
const LONGEST_PATTERN: usize = 10_000;

/// Which way a list goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    #[default]
    Descending,
}

impl From<Direction> for Order {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Ascending => Order::Asc,
            Direction::Descending => Order::Desc,
        }
    }
}

/// Whose things a list holds, of those that the caller may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    #[default]
    All,
    /// The caller's own.
    Own,
    /// Those of others.
    Others,
}

impl Whose {
    /// Of the things in whose `owner` column the owner is.
    pub(crate) fn filter(self, owner: impl IntoColumnRef, caller: &Caller) -> Option<Expr> {
        match self {
            Whose::All => None,
            Whose::Own => Some(Expr::col(owner).eq(caller.id.as_str())),
            Whose::Others => Some(Expr::col(owner).ne(caller.id.as_str())),
        }
    }
}

/// Text as searches compare it. Columns named `folded` hold it.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// The folded column holds `part` somewhere.
pub(crate) fn contains(column: impl IntoColumnRef, part: &str) -> Expr {
    like(column, format!("%{}%", fold(part).chars().map(escaped).collect::<String>()))
}

/// The folded column, which holds lines, holds `part` in a line that is not its last.
pub(crate) fn contains_before_last_line(column: impl IntoColumnRef, part: &str) -> Expr {
    like(column, format!("%{}%\n%", fold(part).chars().map(escaped).collect::<String>()))
}

/// The folded column fits a pattern in which `*` is any text and `?` any one character.
pub(crate) fn fits(column: impl IntoColumnRef, pattern: &str) -> Expr {
    let mut translated = String::new();
    for character in fold(pattern).chars() {
        match character {
            // Several in a row say no more than one, and cost more each.
            '*' if translated.ends_with('%') && !translated.ends_with("\\%") => {}
            '*' => translated.push('%'),
            '?' => translated.push('_'),
            other => translated.push_str(&escaped(other)),
        }
    }
    like(column, translated)
}

fn escaped(character: char) -> String {
    match character {
        '%' | '_' | '\\' => format!("\\{character}"),
        other => other.to_string(),
    }
}

fn like(column: impl IntoColumnRef, pattern: String) -> Expr {
    if pattern.len() > LONGEST_PATTERN || pattern.contains('\0') {
        return never();
    }
    Expr::col(column).like(LikeExpr::new(pattern).escape('\\'))
}

/// What no row fulfils.
pub(crate) fn never() -> Expr {
    Expr::cust("1 = 0")
}

/// Cuts a page out of a list.
pub(crate) fn page<S: QuerySelect>(select: S, skip: u64, limit: Option<u64>) -> S {
    const MOST: u64 = i64::MAX as u64;
    // SQLite knows no OFFSET without a LIMIT.
    select.offset(Ord::min(skip, MOST)).limit(Ord::min(limit.unwrap_or(MOST), MOST))
}

/// A number that grows with everything that is made: nanoseconds since 1970, or one more than the last where the clock says no more.
pub(crate) fn ordinal() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX - 1));
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(Ord::max(clock, last + 1)));
    last.map_or(clock, |last| Ord::max(clock, last + 1))
}
