//! Mail is told from other texts by its header.

/// Whether `head` begins with a mail's header. Without a name that says so, only fields that letters and lists in other
/// texts do not have will do.
pub(super) fn is_mail(head: &str, named: bool) -> bool {
    let (mut fields, mut letter, mut machine) = (0usize, false, false);
    for line in head.lines() {
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) && fields > 0 {
            continue;
        }
        // The first line of a mailbox, or of what was cut from one.
        if fields == 0 && line.starts_with("From ") {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else { return named && fields > 0 };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return false;
        }
        fields += 1;
        match name.to_ascii_lowercase().as_str() {
            "from" | "sender" => letter = true,
            "received" | "return-path" | "message-id" | "mime-version" | "dkim-signature" | "delivered-to" | "x-mailer" => machine = true,
            _ => {}
        }
    }
    if named { fields > 0 } else { machine && (letter || fields > 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_known_by_its_header() {
        assert!(is_mail("From: a@b.c\nMessage-ID: <1@b.c>\nSubject: x\n\nbody", false));
        assert!(is_mail("Return-Path: <a@b.c>\nReceived: from x\n\tby y\nX-Thing: 1\n\n", false));
        assert!(is_mail("Subject: x\n\nbody", true));
    }

    #[test]
    fn other_texts_with_fields_are_not_mail() {
        assert!(!is_mail("From: Berlin\nTo: Wien\nDate: today\n\nA letter", false));
        assert!(!is_mail("Message-ID: is a field of mail headers.", false));
        assert!(!is_mail("title: x\nmime-version: 1\n---\ntext", false));
        assert!(!is_mail("words and words", true));
    }
}
