//! Acts of the audit trail in words.

use super::Permission;

/// What is written by name: name, Chinese, English. Other acts are named by the permission that they need. A name that
/// was ever written stays, for trails are kept for years: people revoke keys as `key.revoke`, the guard as
/// `api_key.revoke`.
const ACTS: &[(&str, &str, &str)] = &[
    ("access.denied", "越权被拒", "refused: not allowed"),
    ("access.failed", "操作失败", "failed"),
    ("account.password", "修改密码", "change the password"),
    ("account.refused", "登录被拒", "sign-in refused"),
    ("account.setup", "创建首位管理员", "make the first administrator"),
    ("account.sign_in", "登录", "sign in"),
    ("account.sign_out", "退出登录", "sign out"),
    ("account.totp_off", "关闭两步验证", "switch the second factor off"),
    ("account.totp_offer", "申请两步验证", "ask for a second factor"),
    ("account.totp_on", "启用两步验证", "switch the second factor on"),
    ("alert.acknowledge", "处理提醒", "see to alerts"),
    ("alert.test", "测试提醒通知", "test notices of alerts"),
    ("api_key.revoke", "撤销 API 密钥", "revoke an API key"),
    ("approval.approve", "批准申请", "approve"),
    ("approval.ask", "提出审批申请", "ask for approval"),
    ("approval.refuse", "驳回申请", "refuse approval"),
    ("approval.use", "按批准执行", "use an approval"),
    ("assessment.record", "记录影响评估", "record an impact assessment"),
    ("backup.keys", "备份密钥", "copy the keys"),
    ("backup.prune", "清理旧备份", "remove older backups"),
    ("backup.restore", "恢复备份", "restore a backup"),
    ("backup.take", "备份", "take a backup"),
    ("bind.create", "生成绑定码", "make a code that binds"),
    ("bind.redeem", "扫码绑定", "redeem a code"),
    ("bind.revoke", "撤销绑定码", "withdraw a code"),
    ("canary.mark", "设置诱饵客户", "mark a canary"),
    ("consent.import", "导入同意记录", "load consents"),
    ("consent.record", "记录同意或撤回", "record consent or withdrawal"),
    ("erasure.approve", "批准销毁", "approve erasure"),
    ("erasure.finish", "完成销毁", "finish erasure"),
    ("export.create", "导出文件", "make an export"),
    ("guard.over_budget", "超出导出额度", "over budget"),
    ("identity.explain", "查看身份关联", "see why customers are one"),
    ("identity.golden", "更改主档取值规则", "change the rules of the golden record"),
    ("identity.golden_look", "查看主档取值的变化", "see what rules of the golden record change"),
    ("identity.keep_apart", "判定为不同的客户", "keep customers apart"),
    ("identity.lineage", "查看字段来历", "see where fields come from"),
    ("identity.match", "比对客户资料", "compare records of customers"),
    ("identity.merge", "合并客户", "merge customers"),
    ("identity.policy", "更改身份规则", "change the rules of identity"),
    ("identity.review", "查看待复核的客户", "see customers to be reviewed"),
    ("identity.split", "拆分客户", "split a customer"),
    ("identity.undo", "撤销身份判定", "undo a decision about who is who"),
    ("incident.acknowledged", "受理安全事件", "look after an incident"),
    ("incident.closed", "关闭安全事件", "close an incident"),
    ("incident.contained", "控制安全事件", "contain an incident"),
    ("incident.escalated", "安全事件升级", "an incident is escalated"),
    ("incident.false_alarm", "判为误报", "find a false alarm"),
    ("incident.hook_test", "测试事件通知", "test a notice of incidents"),
    ("incident.locked", "安全事件锁定账号", "an incident locks an account"),
    ("incident.opened", "产生安全事件", "an incident opens"),
    ("key.create", "创建 API 密钥", "make an API key"),
    ("key.revoke", "撤销 API 密钥", "revoke an API key"),
    ("keys.destroy", "销毁旧密钥", "destroy older keys"),
    ("keys.disable", "停用密钥", "disable the keys"),
    ("keys.enable", "启用密钥", "enable the keys"),
    ("keys.rotate", "轮换密钥", "rotate the keys"),
    ("policy.change", "更改权限策略", "change how roles work"),
    ("profile.correct", "更正客户资料", "correct a field"),
    ("profile.find", "按值查找客户", "look a customer up"),
    ("profile.open", "打开客户", "open a customer"),
    ("profile.uncorrect", "撤销更正", "withdraw a correction"),
    ("profile.unmask", "查看明文", "see values in the clear"),
    ("purpose.put", "修改处理目的", "change a purpose"),
    ("quarantine.reveal", "查看隔离行明文", "see a row set aside in the clear"),
    ("request.check", "核验申请人身份", "check who asks"),
    ("request.copy", "生成资料副本", "make a copy of a person's data"),
    ("request.do", "办结个人请求", "carry a request out"),
    ("request.enter", "受理个人请求", "enter a request"),
    ("request.erased", "删除请求已执行", "a request was carried out by erasure"),
    ("request.refuse", "拒绝个人请求", "refuse a request"),
    ("retention.hold", "设置留存保全", "put a hold"),
    ("retention.lift", "解除留存保全", "lift a hold"),
    ("retention.open", "打开归档", "open an archive"),
    ("retention.run", "清理到期数据", "purge what is over"),
    ("retention.set", "修改留存期限", "set a period"),
    ("sql.run", "运行 SQL", "run SQL"),
    ("user.change", "修改用户", "change a user"),
    ("user.create", "新建用户", "make a user"),
    ("user.reset", "重置密码", "reset a password"),
    ("user.sso_link", "关联单点登录账号", "link a sign-in elsewhere"),
    ("user.sso_unlink", "取消单点登录关联", "unlink a sign-in elsewhere"),
    ("user.unlock", "解锁用户", "unlock a user"),
];

/// All acts, by name: name, Chinese, English.
pub fn acts() -> Vec<(&'static str, &'static str, &'static str)> {
    let named = Permission::ALL.iter().map(|one| (one.as_str(), one.zh(), one.en()));
    let mut all: Vec<_> = ACTS.iter().copied().chain(named).collect();
    all.sort_by_key(|act| act.0);
    all.dedup_by_key(|act| act.0);
    all
}

/// An act in Chinese and English; `None` for one that a later program wrote.
pub fn act_words(action: &str) -> Option<(&'static str, &'static str)> {
    if let Ok(at) = ACTS.binary_search_by_key(&action, |act| act.0) {
        return Some((ACTS[at].1, ACTS[at].2));
    }
    Permission::parse(action).map(|permission| (permission.zh(), permission.en()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_found() {
        assert!(ACTS.is_sorted_by_key(|act| act.0));
        assert_eq!(act_words("account.sign_in"), Some(("登录", "sign in")));
        assert_eq!(act_words("imports.run").map(|words| words.1), Some("load files, repair and replay rows"));
        assert_eq!(act_words("nobody.does"), None);
        assert!(acts().iter().all(|act| act_words(act.0) == Some((act.1, act.2))));
    }
}
