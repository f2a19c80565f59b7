//! The register of processing activities as a document that is printed and shown to whoever asks for it.

use std::fmt::Write as _;

use zhike_domain::access::{Shown, Unmask};
use zhike_domain::consent::{Basis, Separate};
use zhike_domain::grade::Classes;
use zhike_engine::compliance::{Held, Reader, Recorded, Register};
use zhike_engine::{Ctx, Result};

/// Words of one language.
#[derive(Clone, Copy)]
struct Words {
    is_zh: bool,
}

impl Words {
    fn of(self, (zh, en): (&str, &str)) -> String {
        if self.is_zh { zh } else { en }.to_owned()
    }

    fn list(self, all: impl IntoIterator<Item = String>) -> String {
        let all: Vec<String> = all.into_iter().collect();
        if all.is_empty() { "--".to_owned() } else { all.join(if self.is_zh { "、" } else { ", " }) }
    }

    fn classes(self, classes: Classes) -> String {
        self.list(classes.iter().map(|class| self.of(class.words())))
    }

    fn basis(self, basis: Basis) -> String {
        self.of(match basis {
            Basis::Consent => ("个人同意", "consent"),
            Basis::Contract => ("履行合同", "contract"),
            Basis::LegalDuty => ("法定义务", "legal duty"),
            Basis::Vital => ("紧急情况", "vital interest"),
            Basis::Public => ("公共利益", "public task"),
            Basis::LegitimateInterest => ("合理利益", "legitimate interest"),
        })
    }

    fn separate(self, why: Separate) -> String {
        self.of(match why {
            Separate::Sensitive => ("敏感个人信息", "sensitive data"),
            Separate::ThirdParty => ("向他人提供", "handed to others"),
            Separate::Abroad => ("向境外提供", "sent abroad"),
            Separate::Minor => ("不满十四周岁", "under fourteen"),
            Separate::Publish => ("公开", "made public"),
        })
    }

    fn reader(self, one: &Reader) -> String {
        let role = self.of((one.role.zh(), one.role.en()));
        let shown = match (one.shown, one.unmask) {
            (Shown::Clear, _) => ("明文", "in the clear"),
            (_, Some(Unmask::Reason)) => ("脱敏；写理由可看明文", "masked; in the clear for a reason"),
            (_, Some(Unmask::Approval)) => ("脱敏；经审批可看明文", "masked; in the clear once approved"),
            _ => ("脱敏", "masked"),
        };
        if self.is_zh { format!("{role}（{}）", shown.0) } else { format!("{role} ({})", shown.1) }
    }

    fn kept(self, one: &Held) -> String {
        let rules = one.kept.iter().map(|rule| {
            let (what, then) = (self.of(rule.class.words()), self.of(rule.then.words()));
            if self.is_zh {
                format!("{what} {} 天，到期{then}（{}）", rule.days, rule.source)
            } else {
                format!("{what}: {} days, then {then} ({})", rule.days, rule.source)
            }
        });
        let erased = one.until_erased.then(|| self.of(("客户资料：至删除为止", "with the customer: until erased")));
        self.list(rules.chain(erased))
    }
}

/// A cell of a table: what people wrote breaks no table and is no markup.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\r' => out.push(' '),
            '|' | '<' | '>' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' => out.extend(['\\', char]),
            char => out.push(char),
        }
    }
    out
}

/// One of its tables.
struct Table {
    name: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The register in words: what every form of the document holds.
struct Document {
    title: String,
    /// Whose it is, and of which day.
    of: [String; 2],
    tables: Vec<Table>,
}

fn document(register: &Register, ctx: &Ctx, is_zh: bool) -> Document {
    let word = Words { is_zh };
    let day = |at: i64| {
        let at = jiff::Timestamp::from_microsecond(at).unwrap_or_default();
        at.to_zoned(ctx.workspace().time_zone()).strftime("%Y-%m-%d").to_string()
    };
    let table = |name: (&str, &str), head: &[(&str, &str)], rows: Vec<Vec<String>>| Table {
        name: word.of(name),
        head: head.iter().map(|one| word.of(*one)).collect(),
        rows,
    };
    let activities = register.activities.iter().map(|one| {
        let assessed = match (one.assessment, one.whys.as_slice()) {
            (Some(id), _) => id.to_string(),
            (None, []) => "--".to_owned(),
            (None, whys) => {
                let whys = word.list(whys.iter().map(|why| word.of(why.words())));
                if is_zh { format!("缺：{whys}") } else { format!("missing: {whys}") }
            }
        };
        let name = if is_zh { &one.purpose.zh } else { &one.purpose.en };
        let separate = one.purpose.separate.map_or_else(|| "--".to_owned(), |why| word.separate(why));
        let (basis, classes) = (word.basis(one.purpose.basis), word.classes(one.classes));
        vec![name.clone(), basis, separate, classes, one.n_segments.to_string(), one.n_files.to_string(), assessed]
    });
    let held = register.held.iter().map(|one| {
        let readers = word.list(one.readers.iter().map(|one| word.reader(one)));
        let (fields, sources) = (word.list(one.fields.clone()), word.list(one.sources.clone()));
        vec![word.of(one.class.words()), one.grade.to_string(), fields, sources, word.kept(one), readers]
    });
    let given = register.recipients.iter().map(|one| {
        let who = if one.who == "person" { word.of(("本人", "the person")) } else { one.who.clone() };
        let counts = [one.n_files.to_string(), one.n_rows.to_string(), day(one.last_at)];
        [vec![who, one.purpose.clone(), word.classes(one.classes)], counts.to_vec()].concat()
    });
    let in_force = register.assessments.iter().filter(|one| !one.is_superseded);
    let assessed = in_force.map(|one| assessment(one, word, &day(one.at)));
    let (purpose, classes, files) = (("目的", "purpose"), ("数据类别", "classes of data"), ("文件", "files"));
    Document {
        title: word.of(("个人信息处理活动登记", "Register of processing activities")),
        of: [register.controller.clone(), day(register.made_at)],
        tables: vec![
            table(
                ("处理活动", "Processing activities"),
                &[
                    purpose,
                    ("合法性基础", "ground"),
                    ("单独同意", "separate consent"),
                    classes,
                    ("分群", "segments"),
                    files,
                    ("影响评估", "impact assessment"),
                ],
                activities.collect(),
            ),
            table(
                ("数据类别", "Classes of data"),
                &[
                    ("类别", "class"),
                    ("最高分级", "highest grade"),
                    ("字段", "fields"),
                    ("来源", "sources"),
                    ("保存", "kept"),
                    ("可读角色", "may be read by"),
                ],
                held.collect(),
            ),
            table(
                ("给了谁（三年内的文件）", "Given to (files of three years)"),
                &[("谁", "who"), purpose, classes, files, ("行数", "rows"), ("最近", "last")],
                given.collect(),
            ),
            table(
                ("影响评估", "Impact assessments"),
                &[
                    ("编号", "id"),
                    ("标题", "title"),
                    ("作者", "author"),
                    ("日期", "day"),
                    ("用途", "purposes"),
                    ("处理活动", "what is processed"),
                    ("合法、正当、必要性", "necessity"),
                    ("影响与风险", "risks"),
                    ("保护措施", "measures"),
                    ("结论", "conclusion"),
                ],
                assessed.collect(),
            ),
        ],
    }
}

fn assessment(one: &Recorded, word: Words, day: &str) -> Vec<String> {
    let content = &one.content;
    let whole = if one.is_whole { "" } else { " ⚠" };
    [
        vec![format!("{} v{}{whole}", one.id, one.version), content.title.clone(), one.author.clone(), day.to_owned()],
        vec![word.list(content.purposes.iter().cloned()), content.processing.clone(), content.necessity.clone()],
        vec![content.risks.clone(), content.measures.clone(), content.conclusion.clone()],
    ]
    .concat()
}

/// The register as Markdown.
pub(crate) fn markdown(register: &Register, ctx: &Ctx, is_zh: bool) -> String {
    let Document { title, of, tables } = document(register, ctx, is_zh);
    let mut text = format!("# {title}\n\n{} · {}\n", cell(&of[0]), of[1]);
    for table in tables {
        let _ = writeln!(
            text,
            "\n## {}\n\n| {} |\n|{}",
            table.name,
            table.head.join(" | "),
            "---|".repeat(table.head.len())
        );
        for row in table.rows {
            let _ = writeln!(text, "| {} |", row.iter().map(|one| cell(one)).collect::<Vec<_>>().join(" | "));
        }
    }
    text
}

/// The register as a workbook, a sheet for each table.
///
/// **Errors**: `internal`.
pub(crate) fn workbook(register: &Register, ctx: &Ctx, is_zh: bool) -> Result<Vec<u8>> {
    let Document { title, of, tables } = document(register, ctx, is_zh);
    crate::exports::sheets(&[title, of.join(" · ")], tables.into_iter().map(|one| (one.name, one.head, one.rows)))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn words_break_no_table_and_are_no_markup() {
        assert_eq!(cell("a|b\n<script>"), "a\\|b \\<script\\>");
    }
}
