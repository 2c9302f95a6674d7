//! The words of a text as a word index wants them: split, folded and stemmed by the language they are in.
