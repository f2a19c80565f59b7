//! Reading definitions of tags, with the places and remedies that rules have.

use serde_json::Value as Json;

use super::field::{FieldKind, SCORES, TRAITS, score_of, trait_of};
use super::parse::{Names, Object, Problem, Reader, finish, join};
use super::tag::{Band, Expression, Level, RankBy, Tag, TagRefresh, TagUnit};

/// Expressions within expressions.
const MAX_DEPTH: usize = 8;
/// Bands of one expression.
const MAX_BANDS: usize = 50;

const EXPRESSIONS: [&str; 12] = [
    "measure",
    "trait",
    "score",
    "number",
    "days_since",
    "years_since",
    "ratio",
    "sum",
    "difference",
    "bands",
    "rule",
    "rank",
];

/// Whether a text can be the key of a defined tag.
pub fn is_tag_key(text: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    text.len() <= 64 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.chars().all(is_inner)
}

/// Reads a definition.
///
/// **Errors**: every mistake, in the order of the text.
pub fn parse_tag(json: &Json) -> Result<Tag, Vec<Problem>> {
    let names = Names::default();
    let mut reader = Reader::new(&names, true);
    let tag = reader.tag(json);
    finish(reader, tag)
}

impl Reader<'_> {
    fn tag(&mut self, json: &Json) -> Option<Tag> {
        let object = self.object(json, "")?;
        self.only(object, "", &["version", "key", "name", "level", "unit", "refresh", "expression"]);
        if object.get("version").is_some_and(|version| version.as_i64() != Some(1)) {
            self.fail::<()>("/version", "range", "version 应当是 1", "version must be 1");
        }
        let key = match self.text(object, "key", "") {
            Some(key) if is_tag_key(key) => Some(key.to_owned()),
            Some(_) => self.fail(
                "/key",
                "shape",
                "key 应当是小写字母、数字和下划线，以字母开头，最长 64 个字符，例如 price_band",
                "key has lower-case letters, digits and underscores, starts with a letter, 64 at most, as price_band",
            ),
            None => None,
        };
        let name = match object.get("name") {
            Some(json) => match self.object(json, "/name") {
                Some(name) => {
                    self.only(name, "/name", &["zh", "en"]);
                    self.both(name, "/name")
                }
                None => None,
            },
            None => self.fail(
                "/name",
                "shape",
                "name 应当有 zh 和 en：{\"zh\": \"价格带\", \"en\": \"price band\"}",
                "name has zh and en: {\"zh\": \"价格带\", \"en\": \"price band\"}",
            ),
        };
        let level = self.one_of(object, "level", "", &Level::ALL.map(Level::as_str)).map(|at| Level::ALL[at]);
        let unit = match object.get("unit") {
            None | Some(Json::Null) => Some(None),
            Some(_) => {
                self.one_of(object, "unit", "", &TagUnit::ALL.map(TagUnit::as_str)).map(|at| Some(TagUnit::ALL[at]))
            }
        };
        let refresh = match object.get("refresh") {
            None => Some(TagRefresh::Daily),
            Some(_) => self
                .one_of(object, "refresh", "", &["manual", "daily"])
                .map(|at| [TagRefresh::Manual, TagRefresh::Daily][at]),
        };
        let expression = match object.get("expression") {
            Some(json) => self.expression(json, "/expression", 0, false),
            None => self.fail(
                "/expression",
                "shape",
                format!("expression 应当是 {} 之一", EXPRESSIONS.join("、")),
                format!("expression is one of {}", EXPRESSIONS.join(", ")),
            ),
        };
        Some(Tag { key: key?, name: name?, level: level?, unit: unit?, refresh: refresh?, expression: expression? })
    }

    /// Chinese and English.
    fn both(&mut self, object: &Object, pointer: &str) -> Option<(String, String)> {
        let (zh, en) = (self.text(object, "zh", pointer), self.text(object, "en", pointer));
        Some((zh?.to_owned(), en?.to_owned()))
    }

    fn expression(&mut self, json: &Json, pointer: &str, depth: usize, is_ranked: bool) -> Option<Expression> {
        let object = self.object(json, pointer)?;
        if depth > MAX_DEPTH {
            return self.fail(
                pointer,
                "too_large",
                format!("表达式最多嵌套 {MAX_DEPTH} 层"),
                format!("expressions may be nested {MAX_DEPTH} deep"),
            );
        }
        let found: Vec<&str> = EXPRESSIONS.into_iter().filter(|key| object.contains_key(*key)).collect();
        let key = match (&found[..], object.keys().next()) {
            ([key], _) => *key,
            ([], Some(key)) => return self.unknown(&join(pointer, key), ("表达式", "expression"), key, &EXPRESSIONS),
            _ => {
                return self.fail(
                    pointer,
                    "shape",
                    format!("一个表达式只能是一种：{}", EXPRESSIONS.join("、")),
                    format!("an expression is one of {}", EXPRESSIONS.join(", ")),
                );
            }
        };
        self.only(object, pointer, &[key]);
        let place = join(pointer, key);
        let inner = &object[key];
        match key {
            "measure" => self.measure(inner, &place).map(Expression::Measure),
            "trait" => {
                let name = self.text(object, key, pointer)?;
                if trait_of(name).is_none() {
                    let known: Vec<&str> = TRAITS.iter().map(|(name, ..)| *name).chain(["traits.…"]).collect();
                    return self.unknown(&place, ("属性", "trait"), name, &known);
                }
                Some(Expression::Trait(name.to_owned()))
            }
            "score" => {
                let name = self.text(object, key, pointer)?;
                if score_of(name).is_none() {
                    let known: Vec<&str> = SCORES.iter().map(|score| score.name).collect();
                    return self.unknown(&place, ("评分", "score"), name, &known);
                }
                Some(Expression::Score(name.to_owned()))
            }
            "number" => match inner.as_f64().filter(|number| number.is_finite()) {
                Some(number) => Some(Expression::Number(number)),
                None => self.fail(&place, "type", "number 应当是数字", "number must be a number"),
            },
            "days_since" => {
                let of = self.expression(inner, &place, depth + 1, is_ranked)?;
                if !matches!(of.kind(), FieldKind::Day | FieldKind::Instant | FieldKind::Json) {
                    return self.fail(
                        &place,
                        "type",
                        "days_since 需要日期或时间，例如 {\"measure\": {\"of\": \"orders\", \"agg\": \"last\"}}",
                        "days_since needs a day or an instant, as {\"measure\": {\"of\": \"orders\", \"agg\": \"last\"}}",
                    );
                }
                Some(Expression::DaysSince(Box::new(of)))
            }
            "years_since" => {
                let of = self.number(inner, &place, depth, is_ranked)?;
                Some(Expression::YearsSince(of))
            }
            "ratio" | "sum" | "difference" => {
                let Some([left, right]) = inner.as_array().map(Vec::as_slice) else {
                    return self.fail(
                        &place,
                        "shape",
                        format!("{key} 需要两个表达式的列表"),
                        format!("{key} takes a list of two expressions"),
                    );
                };
                // Both are read, so that the mistakes of both are told.
                let left = self.number(left, &format!("{place}/0"), depth, is_ranked);
                let right = self.number(right, &format!("{place}/1"), depth, is_ranked);
                let (left, right) = (left?, right?);
                if left.ranked().is_some() && right.ranked().is_some() {
                    return self.once(&place);
                }
                Some(match key {
                    "ratio" => Expression::Ratio(left, right),
                    "sum" => Expression::Sum(left, right),
                    _ => Expression::Difference(left, right),
                })
            }
            "bands" => self.bands(inner, &place, depth, is_ranked),
            "rule" => self.rule(inner, &place, 0).map(Expression::Rule),
            _ => {
                if is_ranked {
                    return self.once(&place);
                }
                let rank = self.object(inner, &place)?;
                self.only(rank, &place, &["of", "by"]);
                let by = self.one_of(rank, "by", &place, &["percentile", "cumulative_share"]);
                let of = self.number(rank.get("of").unwrap_or(&Json::Null), &join(&place, "of"), depth, true);
                Some(Expression::Rank(of?, [RankBy::Percentile, RankBy::CumulativeShare][by?]))
            }
        }
    }

    fn once<T>(&mut self, pointer: &str) -> Option<T> {
        self.fail(
            pointer,
            "shape",
            "一个标签最多一个 rank：请拆成两个标签",
            "a tag has one rank at most: make two tags",
        )
    }

    /// An expression whose value is a number.
    fn number(&mut self, json: &Json, pointer: &str, depth: usize, is_ranked: bool) -> Option<Box<Expression>> {
        let read = self.expression(json, pointer, depth + 1, is_ranked)?;
        if !read.kind().is_number() {
            return self.fail(
                pointer,
                "type",
                "这里需要数值：日期请用 days_since，文本不能计算",
                "a number is needed here: use days_since of days; text cannot be computed with",
            );
        }
        Some(Box::new(read))
    }

    fn bands(&mut self, json: &Json, pointer: &str, depth: usize, is_ranked: bool) -> Option<Expression> {
        let object = self.object(json, pointer)?;
        self.only(object, pointer, &["of", "bands"]);
        let of = self.number(object.get("of").unwrap_or(&Json::Null), &join(pointer, "of"), depth, is_ranked);
        let place = join(pointer, "bands");
        let list = match object.get("bands").and_then(Json::as_array) {
            Some(list) if (1..=MAX_BANDS).contains(&list.len()) => list,
            _ => {
                return self.fail(
                    &place,
                    "shape",
                    format!("bands 应当是 1 到 {MAX_BANDS} 个区间的列表"),
                    format!("bands is a list of 1 to {MAX_BANDS} ranges"),
                );
            }
        };
        let mut bands: Vec<Band> = Vec::with_capacity(list.len());
        for (at, json) in list.iter().enumerate() {
            let place = format!("{place}/{at}");
            let Some(band) = self.object(json, &place) else { continue };
            self.only(band, &place, &["below", "value", "zh", "en"]);
            let below = band.get("below").and_then(Json::as_f64).filter(|below| below.is_finite());
            let before = bands.last().and_then(|band| band.below);
            let is_last = at + 1 == list.len();
            let ascends = below.is_some_and(|below| before.is_none_or(|before| before < below));
            let is_open = is_last && !band.contains_key("below");
            if !ascends && !is_open {
                self.fail::<()>(
                    &join(&place, "below"),
                    "range",
                    "below 应当是数字，并且逐个增大；只有最后一个区间可以不写",
                    "below is a number, larger than the one before; the last range alone can leave it out",
                );
            }
            let (Some(value), Some(name)) = (self.text(band, "value", &place), self.both(band, &place)) else {
                continue;
            };
            bands.push(Band { below, value: value.to_owned(), name });
        }
        (bands.len() == list.len()).then_some(Expression::Bands(of?, bands))
    }
}
