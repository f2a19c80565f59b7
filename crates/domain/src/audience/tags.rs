//! The definitions that come with the product, as data: packs of one file each.

use serde_json::Value as Json;

use super::tag::Tag;
use super::tag_parse::parse_tag;

/// Definitions that belong together.
#[derive(Clone, Debug)]
pub struct Pack {
    /// Name.
    pub key: String,
    /// Chinese and English name.
    pub name: (String, String),
    /// Definitions.
    pub tags: Vec<Tag>,
}

const FILES: [&str; 3] = [
    include_str!("../../data/tags/retail.json"),
    include_str!("../../data/tags/internet.json"),
    include_str!("../../data/tags/finance.json"),
];

/// All packs; the first is on unless others are chosen.
pub fn packs() -> &'static [Pack] {
    static PACKS: std::sync::LazyLock<Vec<Pack>> =
        std::sync::LazyLock::new(|| FILES.iter().map(|text| read(text)).collect());
    &PACKS
}

/// A file of definitions; a test reads every one, so that none is left out here.
fn read(text: &str) -> Pack {
    let json: Json = serde_json::from_str(text).unwrap_or_default();
    let word = |pointer: &str| json.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    let tags = json["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    Pack {
        key: word("/pack"),
        name: (word("/name/zh"), word("/name/en")),
        tags: tags.iter().filter_map(|json| parse_tag(json).ok()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_is_read() {
        for text in FILES {
            let json: Json = serde_json::from_str(text).unwrap();
            for json in json["tags"].as_array().unwrap() {
                let tag = parse_tag(json).unwrap_or_else(|problems| panic!("{}: {problems:?}", json["key"]));
                assert_eq!(parse_tag(&tag.to_json()), Ok(tag));
            }
        }
        let mut keys: Vec<&str> = packs().iter().flat_map(|pack| &pack.tags).map(|tag| tag.key.as_str()).collect();
        let n = keys.len();
        assert!(n >= 40, "{n}");
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), n, "two definitions share a key");
    }
}
