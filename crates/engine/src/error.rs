//! What goes wrong in a use case, in words for the person at the screen.

use std::path::Path;

use zhike_domain::error_code::ErrorCode;

/// Result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// An error with a code of the table in `docs/errors.md`, a message in both languages and its cause.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Code.
    pub code: ErrorCode,
    /// What, where, remedy, in English.
    pub message: String,
    /// The same in Chinese.
    pub message_zh: String,
    /// The places at fault in what was sent, when there are several.
    pub problems: Vec<zhike_domain::audience::Problem>,
    /// After how many seconds it may go, when that is known.
    pub retry_after_s: Option<u64>,
    /// Cause, for the log.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error without a cause.
    pub fn new(code: ErrorCode, message: impl Into<String>, message_zh: impl Into<String>) -> Self {
        let (message, message_zh) = (message.into(), message_zh.into());
        Self { code, message, message_zh, problems: Vec::new(), retry_after_s: None, cause: None }
    }

    /// A rule with mistakes.
    pub(crate) fn invalid_segment(problems: Vec<zhike_domain::audience::Problem>) -> Self {
        Self::invalid(ErrorCode::InvalidSegment, problems)
    }

    /// A definition of a tag with mistakes.
    pub(crate) fn invalid_tag(problems: Vec<zhike_domain::audience::Problem>) -> Self {
        Self::invalid(ErrorCode::InvalidTag, problems)
    }

    /// A question with mistakes.
    pub(crate) fn invalid_analysis(problems: Vec<zhike_domain::audience::Problem>) -> Self {
        Self::invalid(ErrorCode::InvalidAnalysis, problems)
    }

    fn invalid(code: ErrorCode, problems: Vec<zhike_domain::audience::Problem>) -> Self {
        let place = |pointer: &str| if pointer.is_empty() { "/".to_owned() } else { pointer.to_owned() };
        let en: Vec<String> = problems.iter().map(|one| format!("{}: {}", place(&one.pointer), one.en)).collect();
        let zh: Vec<String> = problems.iter().map(|one| format!("{}：{}", place(&one.pointer), one.zh)).collect();
        Self { problems, ..Self::new(code, en.join("; "), zh.join("；")) }
    }

    fn caused(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    pub(crate) fn bad_request(message: String, message_zh: String) -> Self {
        Self::new(ErrorCode::BadRequest, message, message_zh)
    }

    pub(crate) fn conflict(message: String, message_zh: String) -> Self {
        Self::new(ErrorCode::Conflict, message, message_zh)
    }

    pub(crate) fn not_found(what: &str, what_zh: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}"), format!("没有这个{what_zh}"))
    }

    pub(crate) fn invalid_account(message: impl Into<String>, message_zh: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidAccount, message, message_zh)
    }

    pub(crate) fn gone(message: &str, message_zh: &str) -> Self {
        Self::new(ErrorCode::QuarantineRowGone, message, message_zh)
    }

    pub(crate) fn bug(what: &str, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::new(ErrorCode::Internal, format!("internal error: {what}"), format!("内部错误：{what}")).caused(cause)
    }

    pub(crate) fn io(operation: &str, path: &Path, cause: std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let path = path.display();
        let (code, message, message_zh) = match cause.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => {
                return disk_full(&path.to_string()).caused(cause);
            }
            Kind::PermissionDenied => (
                ErrorCode::Unavailable,
                format!("cannot {operation} {path}: permission denied; give this user the right to it"),
                format!("无法访问 {path}：没有权限；请给当前用户授权"),
            ),
            _ => (
                ErrorCode::Unavailable,
                format!("cannot {operation} {path}: {cause}"),
                format!("无法访问 {path}：{cause}"),
            ),
        };
        Self::new(code, message, message_zh).caused(cause)
    }
}

fn disk_full(path: &str) -> Error {
    Error::new(
        ErrorCode::DiskFull,
        format!("no space left on the disk of {path}: free some and run again; nothing was loaded"),
        format!("{path} 所在磁盘已满：请腾出空间后重试；本次没有载入任何数据"),
    )
}

impl From<zhike_lake::Error> for Error {
    fn from(error: zhike_lake::Error) -> Self {
        use zhike_lake::Error as Lake;
        match &error {
            Lake::Query(message) => {
                let message = message.clone();
                Self::new(ErrorCode::QueryInvalid, message.clone(), format!("查询有误：{message}"))
            }
            Lake::Limit(what) => Self::new(
                ErrorCode::QueryLimit,
                format!("the query needs more {what} than allowed: narrow it"),
                format!("查询超出限额（{what}）：请缩小范围"),
            ),
            Lake::Full { path } => disk_full(&path.display().to_string()),
            _ => Self::new(ErrorCode::Internal, error.to_string(), format!("数据湖出错：{error}")),
        }
        .caused(error)
    }
}

impl From<zhike_state::Error> for Error {
    fn from(error: zhike_state::Error) -> Self {
        use zhike_state::Error as State;
        let code = match &error {
            State::NotFound { .. } => ErrorCode::NotFound,
            State::Conflict { .. } => ErrorCode::Conflict,
            State::Full { .. } => return disk_full("state").caused(error),
            State::Unavailable { .. } => ErrorCode::Unavailable,
            _ => ErrorCode::Internal,
        };
        Self::new(code, error.to_string(), format!("状态库出错：{error}")).caused(error)
    }
}

impl From<zhike_vault::Error> for Error {
    fn from(error: zhike_vault::Error) -> Self {
        if let zhike_vault::Error::Disabled { epoch } = &error {
            let zh = epoch.map_or_else(|| "全部密钥".to_owned(), |epoch| format!("第 {epoch} 密钥期"));
            let zh = format!("{zh}已停用：在系统管理员启用之前，不加密也不解密任何数据（zhike key enable）");
            return Self { retry_after_s: Some(5), ..Self::new(ErrorCode::KeysDisabled, error.to_string(), zh) }
                .caused(error);
        }
        let code = match &error {
            zhike_vault::Error::WrongKey { .. } | zhike_vault::Error::Locked { .. } => ErrorCode::WrongKey,
            _ => ErrorCode::Internal,
        };
        Self::new(code, error.to_string(), format!("密钥出错：{error}")).caused(error)
    }
}

/// An error and its causes in one line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
