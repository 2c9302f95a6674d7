//! What a file's name and its sender say that it is.

use super::MediaType;

/// What the end of a name says.
pub(super) fn by_name(filename: &str) -> Option<MediaType> {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or(filename).to_ascii_lowercase();
    if matches!(name.as_str(), "dockerfile" | "makefile" | "justfile" | "gemfile" | "rakefile" | "cmakelists.txt") {
        return Some(MediaType::Code);
    }
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "htm" | "html" | "xhtml" => MediaType::Html,
        "md" | "markdown" | "mdx" | "mkd" | "qmd" | "rmd" => MediaType::Markdown,
        "csv" | "tsv" => MediaType::Csv,
        "ipynb" => MediaType::Notebook,
        "eml" | "mbox" | "mht" | "mhtml" => MediaType::Mail,
        "json" | "jsonl" | "ndjson" | "geojson" => MediaType::Json,
        "xml" | "svg" | "rss" | "atom" | "xsd" | "xsl" => MediaType::Xml,
        "yaml" | "yml" | "toml" | "ini" | "cfg" | "conf" | "env" | "properties" => MediaType::Settings,
        "go" | "py" | "java" | "sh" | "bat" | "ps1" | "cmd" | "js" | "mjs" | "cjs" | "ts" | "css" | "scss" | "cpp" | "hpp" | "h" | "c"
        | "cc" | "cs" | "ino" | "sql" | "pl" | "pm" | "r" | "dart" | "php" | "hs" | "hsc" | "lhs" | "lua" | "m" | "mm" | "plsql"
        | "perl" | "rb" | "rs" | "db2" | "scala" | "bash" | "zsh" | "fish" | "swift" | "vue" | "svelte" | "ex" | "exs" | "erl" | "tsx"
        | "jsx" | "kt" | "kts" | "zig" | "nix" | "jl" | "f90" | "vb" | "asm" | "s" | "tf" | "proto" | "graphql" | "cmake" | "gradle"
        | "groovy" | "clj" | "ml" | "mli" | "fs" | "v" | "vhd" => MediaType::Code,
        "txt" | "text" | "log" | "rst" | "adoc" | "org" | "tex" | "srt" | "vtt" => MediaType::PlainText,
        _ => return None,
    })
}

/// What the end of a name says of documents, whose contents say it better where they are whole.
pub(crate) fn by_document_name(filename: &str) -> Option<MediaType> {
    let (_, extension) = filename.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "docx" | "docm" | "dotx" | "dotm" => MediaType::Docx,
        "xlsx" | "xlsm" | "xltx" | "xltm" => MediaType::Xlsx,
        "xlsb" => MediaType::Xlsb,
        "pptx" | "pptm" | "ppsx" | "ppsm" | "potx" | "potm" => MediaType::Pptx,
        "odt" | "ott" => MediaType::Odt,
        "ods" | "ots" => MediaType::Ods,
        "odp" | "otp" => MediaType::Odp,
        "epub" => MediaType::Epub,
        "doc" | "dot" => MediaType::Doc,
        "xls" | "xlt" => MediaType::Xls,
        "ppt" | "pps" => MediaType::Ppt,
        "msg" => MediaType::Msg,
        _ => return None,
    })
}

/// What a content type says of texts. Of other files their content says more.
pub(super) fn by_content_type(content_type: Option<&str>) -> Option<MediaType> {
    let essence = content_type?.split(';').next()?.trim().to_ascii_lowercase();
    Some(match essence.as_str() {
        "text/html" | "application/xhtml+xml" => MediaType::Html,
        "message/rfc822" | "application/mbox" => MediaType::Mail,
        "text/markdown" | "text/x-markdown" => MediaType::Markdown,
        "text/csv" | "text/tab-separated-values" => MediaType::Csv,
        "application/x-ipynb+json" => MediaType::Notebook,
        "application/json" | "application/x-ndjson" => MediaType::Json,
        "application/xml" | "text/xml" | "image/svg+xml" => MediaType::Xml,
        "application/yaml" | "text/yaml" | "application/toml" => MediaType::Settings,
        _ => return None,
    })
}
