//! The one table of error codes: what clients see when something fails.
//!
//! Owns code, HTTP status, whether asking again may help, and one line of help in both languages; the JSON envelope,
//! `docs/errors.md` and the console's types are made from it. Must not know which Rust error leads to which code: that
//! is decided where the error is handled.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($( $(#[$doc:meta])* $variant:ident $code:literal $status:literal $retryable:literal $zh:literal $en:literal; )*) => {
        /// Why a request or a command failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode { $( $(#[$doc])* $variant, )* }

        impl ErrorCode {
            /// All of them, in the order of the reference.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// Stable name in snake_case.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $code, )* }
            }

            /// The one of a name.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )* _ => None }
            }

            /// HTTP status.
            pub const fn http_status(self) -> u16 {
                match self { $( Self::$variant => $status, )* }
            }

            /// Whether the same request may succeed later.
            pub const fn is_retryable(self) -> bool {
                match self { $( Self::$variant => $retryable, )* }
            }

            /// What it means and what to do, in Chinese.
            pub const fn help_zh(self) -> &'static str {
                match self { $( Self::$variant => $zh, )* }
            }

            /// What it means and what to do, in English.
            pub const fn help_en(self) -> &'static str {
                match self { $( Self::$variant => $en, )* }
            }
        }
    };
}

codes! {
    /// The request cannot be read.
    BadRequest "bad_request" 400 false
        "请求有误：按提示改正参数后再试" "the request cannot be read: correct what the message names";
    /// A page of another origin asked.
    ForbiddenOrigin "forbidden_origin" 403 false
        "拒绝来自其他网站的请求：请直接打开控制台使用" "requests from other websites are refused: open the console itself";
    /// Nobody is signed in, or the session has ended.
    NotSignedIn "not_signed_in" 401 false
        "尚未登录，或登录已失效：请重新登录" "not signed in, or the session has ended: sign in again";
    /// Name, password or code do not fit.
    WrongCredentials "wrong_credentials" 401 false
        "用户名、密码或验证码不正确" "name, password or code is not right";
    /// The password fits, a code of the second factor is needed.
    CodeNeeded "code_needed" 401 false
        "请输入两步验证码，或一个恢复码" "enter the code of the second factor, or a recovery code";
    /// Whoever is signed in may not do this.
    NoPermission "no_permission" 403 false
        "没有权限：提示中写明了所需权限和可授权的人" "not allowed: the message names the permission and who can give it";
    /// The password was given by somebody else and must be changed first.
    PasswordChangeNeeded "password_change_needed" 403 false
        "请先修改一次性密码，再继续" "change the one-time password first";
    /// Too many wrong attempts.
    LockedOut "locked_out" 429 false
        "错误次数过多，已暂时锁定：请按提示的时间后再试，或请管理员解锁"
        "too many wrong attempts: wait as long as the message says, or ask an administrator to unlock";
    /// Name, password, roles or rows of an account do not hold.
    InvalidAccount "invalid_account" 422 false
        "账号信息不成立：按提示修正" "the account does not hold: correct what the message names";
    /// The key does not open the data directory.
    WrongKey "wrong_key" 403 false
        "口令或根密钥打不开这个数据目录：请用创建它时的口令或密钥文件"
        "the passphrase or root key does not open this data directory: use the one it was made with";
    /// Somebody disabled the keys.
    KeysDisabled "keys_disabled" 503 true
        "密钥已停用：在系统管理员启用之前，不加密也不解密任何数据（zhike key enable）"
        "the keys are disabled: nothing is sealed or opened until the system administrator enables them (zhike key enable)";
    /// The person's data are being deleted: nobody may read them.
    Restricted "restricted" 403 false
        "该客户的信息正在按其请求删除：不得再读取" "the person's data are being deleted at their request: nobody may read them";
    /// The person's data may not be used for this purpose.
    PurposeRefused "purpose_refused" 403 false
        "该客户的信息不得用于这一用途：未同意、已撤回，或需要监护人同意"
        "the person's data may not be used for this purpose: no consent, taken back, or a guardian's is needed";
    /// More people or rows than the budget allows.
    OverBudget "over_budget" 429 false
        "超过数据额度：本次没有给出任何数据，会话已终止并记为安全事件；请联系安全管理员"
        "more than the data budget allows: nothing was given, the session has ended and an incident is open; ask the security administrator";
    /// A second person must approve it first.
    ApprovalNeeded "approval_needed" 403 false
        "需要第二人批准：在“审批”页申请，批准后凭一次性密码下载"
        "a second person must approve it first: ask on the page of approvals, then fetch it with a one-time password";
    /// Rights are locked because of an incident.
    RightsLocked "rights_locked" 403 false
        "安全事件超时未处置，该角色的明文与导出权限已锁定：请安全管理员先处置事件"
        "an incident was not decided on in time, so the role may neither unmask nor export: the security administrator decides on it first";
    /// What was asked for does not exist.
    NotFound "not_found" 404 false
        "没有找到：可能已删除、已合并，或编号有误" "not found: deleted, merged, or the id is mistyped";
    /// The address exists, the method does not.
    MethodNotAllowed "method_not_allowed" 405 false
        "这个地址不支持该请求方法" "this address does not take that method";
    /// Somebody else changed it first.
    Conflict "conflict" 409 false
        "与已保存的内容冲突：刷新后重新修改" "it conflicts with what is stored: reload and change it again";
    /// The quarantined row was replayed or discarded already.
    QuarantineRowGone "quarantine_row_gone" 410 false
        "这条隔离行已重放或已丢弃：刷新列表查看" "this quarantined row was replayed or discarded already: reload the list";
    /// A scanned code that was not made here, or is damaged.
    BindInvalid "bind_invalid" 400 false
        "二维码无效：不是本系统生成的，或链接不完整；请重新扫码或重新生成"
        "the code is not valid: not made here, or the link is cut off; scan it again or make a new one";
    /// A scanned code whose time is over.
    BindExpired "bind_expired" 410 false
        "二维码已过期：请重新生成" "the code has expired: make a new one";
    /// A scanned code that was used as often as it may be.
    BindUsed "bind_used" 410 false
        "二维码已被使用，次数用完：请重新生成" "the code has been used as often as it may be: make a new one";
    /// A scanned code that was withdrawn.
    BindRevoked "bind_revoked" 410 false
        "二维码已被撤销：请重新生成" "the code was withdrawn: make a new one";
    /// A scanned code whose member is gone, or who scans it belongs to somebody else.
    BindTaken "bind_taken" 409 false
        "不能绑定：这个账号已属于另一位会员，或会员已不存在；请先解除原绑定"
        "cannot be bound: the account belongs to another member, or the member is gone; unbind it first";
    /// The request or the file is larger than allowed.
    TooLarge "too_large" 413 false
        "超过大小上限：拆分文件，或调高上限" "larger than allowed: split the file, or raise the limit";
    /// The file is of a kind that cannot be read.
    UnsupportedFile "unsupported_file" 415 false
        "不支持这种文件：请导出为 CSV、TSV、JSON Lines 或 Excel（xlsx、xls）"
        "this kind of file is not supported: export it as CSV, TSV, JSON Lines or Excel (xlsx, xls)";
    /// The file is damaged, locked or not what its name says.
    UnreadableFile "unreadable_file" 422 false
        "文件无法读取：可能已损坏、加密，或内容与扩展名不符，请重新导出"
        "the file cannot be read: damaged, locked, or not what its name says; export it again";
    /// The mapping of columns does not fit.
    InvalidMapping "invalid_mapping" 422 false
        "字段映射不成立：按提示修正源列或目标字段" "the mapping does not hold: correct the columns or targets that the message names";
    /// A statement on a purpose that does not stand.
    InvalidConsent "invalid_consent" 422 false
        "同意记录不成立：用途未定义，或单独同意缺少各自的证据，按提示修正"
        "the consent does not stand: an unknown purpose, or separate consents without evidence each; correct what is named";
    /// Rules contradict themselves or leave something open.
    InvalidRules "invalid_rules" 422 false
        "规则不成立：有遗漏、重叠或不起作用的条件，按提示修正" "the rules do not hold: correct the gaps, overlaps or dead conditions named";
    /// The rule of a segment is wrong.
    InvalidSegment "invalid_segment" 422 false
        "分群规则不成立：按 problems 中每一处的提示修正" "the rule of the segment does not hold: correct each place named in problems";
    /// The question of an analysis is wrong.
    InvalidAnalysis "invalid_analysis" 422 false
        "分析的提问不成立：按 problems 中每一处的提示修正" "the question does not hold: correct each place named in problems";
    /// The definition of a tag is wrong.
    InvalidTag "invalid_tag" 422 false
        "标签定义不成立：按 problems 中每一处的提示修正" "the definition of the tag does not hold: correct each place named in problems";
    /// The SQL text is wrong or not allowed.
    QueryInvalid "query_invalid" 422 false
        "查询有误或不被允许：只能用一条只读的 SELECT 查询已有的表和列"
        "the query is wrong or not allowed: one read-only SELECT over existing tables and columns";
    /// The query needs more time, memory or rows than allowed.
    QueryLimit "query_limit" 422 false
        "查询超过时间、内存或行数上限：缩小范围，或调高上限" "the query needs more time, memory or rows than allowed: narrow it, or raise the limit";
    /// An address outside that may not be connected to.
    OutboundRefused "outbound_refused" 422 false
        "不允许连接这个地址：须为公网 https，或由运维用 --outbound-allow 写明"
        "the address may not be connected to: it must be https on the public web, or named with --outbound-allow";
    /// Another machine did not answer as it should.
    OutboundFailed "outbound_failed" 502 true
        "对方主机没有正常应答：提示中写明了原因，检查地址、证书与网络"
        "the other host did not answer as it should: the message says why; check address, certificate and network";
    /// The identity provider, or what it said, does not fit.
    SsoRefused "sso_refused" 401 false
        "单点登录未成功：请重新登录；若反复出现，请管理员检查单点登录设置"
        "single sign-on did not succeed: try again; if it happens again, an administrator checks its settings";
    /// The provider vouches for somebody who has no account here.
    SsoNoAccount "sso_no_account" 403 false
        "身份已确认，但这里没有与之关联且可用的账号：请管理员关联账号"
        "who you are is confirmed, but no account here that may sign in is linked to it: ask an administrator to link one";
    /// A mistake in Zhike.
    Internal "internal" 500 false
        "系统内部错误：请把请求编号告诉管理员" "an error inside Zhike: give the request id to your administrator";
    /// Stored bytes are damaged.
    Damaged "damaged" 500 false
        "数据目录中有文件损坏：服务日志写明了是哪个文件，请从备份恢复"
        "a file of the data directory is damaged: the log of the server names it; restore it from a backup";
    /// Another load or refresh is running.
    Busy "busy" 503 true
        "正在执行另一项导入或刷新：稍后再试" "another load or refresh is running: try again later";
    /// Starting, stopping, or the database cannot be reached.
    Unavailable "unavailable" 503 true
        "服务暂不可用（正在启动、停止，或数据库连不上）：稍后再试" "not available now (starting, stopping, or no database): try again later";
    /// No room left on the disk.
    DiskFull "disk_full" 507 true
        "磁盘已满：清理空间后重试，已确认的数据没有丢失" "the disk is full: free some space and try again; nothing acknowledged is lost";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text of `docs/errors.md`.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Error codes\n\n\
         Generated from `zhike_domain::error_code` by `make gen`; do not edit.\n\n\
         Every failed request answers `{\"error\": {\"code\", \"message\", \"message_zh\", \"request_id\", \"problems\"}}`; \
         `problems` names places in what was sent (`pointer`, `kind`, `zh`, `en`) and is mostly empty. \
         *Retry* says whether the same request may succeed later.\n\n\
         | Code | HTTP | Retry | Help | 说明 |\n|---|---|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        let retry = if code.is_retryable() { "yes" } else { "no" };
        let row = [code.as_str(), &code.http_status().to_string(), retry, code.help_en(), code.help_zh()].join(" | ");
        text.push_str(&format!("| {row} |\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_are_unique() {
        for &code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert_eq!(ErrorCode::parse("teapot"), None);
    }

    #[test]
    fn every_code_is_complete() {
        for code in ErrorCode::ALL {
            assert!((400..600).contains(&code.http_status()), "{code}");
            // The console offers to try again from the status alone.
            assert!(!code.is_retryable() || code.http_status() >= 500, "{code}");
            for help in [code.help_zh(), code.help_en()] {
                assert!(!help.is_empty() && !help.contains(['|', '\n']), "{code}");
            }
        }
    }

    #[test]
    fn the_reference_lists_every_code() {
        let text = markdown();
        let rows: Vec<&str> =
            text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Code")).collect();
        assert_eq!(rows.len(), ErrorCode::ALL.len());
        assert!(text.contains("| busy | 503 | yes | another load or refresh is running: try again later |"));
    }
}
