//! Small groups in a user's SQL: rows about people are handed out in groups alone, and groups of fewer than so many drop out.
//!
//! The plan is rewritten: the outermost aggregation over a table of people counts the different people of every such table
//! beneath it, and keeps groups in which each count is large enough. So every column of people's ids must reach it: what hides
//! them on the way is refused. Inner aggregations by person are free, for they are aggregated again.
//!
//! What one query asks about a few within a large group (`sum(CASE …)`), and differences of several queries, are not found out
//! here; they are on record, and count towards the budget.

use datafusion::common::Column;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::functions_aggregate::expr_fn::count_distinct;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, col, lit};
use zhike_domain::tables::TABLES;

use crate::Error;

const PERSON: &str = "profile_id";
/// Aggregates that hand the values of single rows out.
const LISTS: [&str; 6] = ["array_agg", "string_agg", "first_value", "last_value", "nth_value", "any_value"];

fn refuse<T>(why: &str, why_zh: &str) -> Result<T, Error> {
    Err(Error::Query(format!("for your role, {why} / 您的角色{why_zh}")))
}

/// The plan with small groups left out.
///
/// **Errors**: [`Error::Query`] where people are not aggregated, or their ids do not reach the aggregation.
pub(crate) fn without_small(plan: LogicalPlan, k: u64) -> Result<LogicalPlan, Error> {
    if k <= 1 || !has_people(&plan)? {
        return Ok(plan);
    }
    let mut asks_inside = false;
    plan.apply_with_subqueries(|node| {
        node.apply_subqueries(|inner| {
            asks_inside |= has_people(inner).unwrap_or(true);
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    if asks_inside {
        return refuse(
            "people cannot be asked about inside an expression: join the table instead",
            "不能在表达式的子查询中查询个人：请改用 JOIN",
        );
    }
    guarded(plan, k)
}

fn guarded(plan: LogicalPlan, k: u64) -> Result<LogicalPlan, Error> {
    if !has_people(&plan)? {
        return Ok(plan);
    }
    if let LogicalPlan::Aggregate(aggregate) = plan {
        return large(aggregate, k);
    }
    if is_people(&plan) || plan.inputs().is_empty() {
        return refuse(
            "rows about people are seen in groups alone: aggregate them (count, sum, avg … GROUP BY)",
            "只能按组查看个人数据：请汇总（count、sum、avg … GROUP BY）",
        );
    }
    let inputs = plan.inputs().into_iter().map(|input| guarded(input.clone(), k)).collect::<Result<Vec<_>, _>>()?;
    Ok(plan.with_new_exprs(plan.expressions(), inputs)?)
}

/// An aggregation without its small groups.
fn large(aggregate: Aggregate, k: u64) -> Result<LogicalPlan, Error> {
    let mut lists = false;
    for expr in &aggregate.aggr_expr {
        expr.apply(|part| {
            lists |= matches!(part, Expr::AggregateFunction(one) if LISTS.contains(&one.func.name()));
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    if lists {
        return refuse("values of single rows cannot be listed", "不能列出单行的值");
    }
    let Aggregate { input, group_expr, mut aggr_expr, schema, .. } = aggregate;
    let ids = ids(&input)?;
    let shown: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
    let names: Vec<String> = (0..ids.len()).map(|at| format!("n_people_of_{at}")).collect();
    aggr_expr.extend(ids.into_iter().zip(&names).map(|(id, name)| count_distinct(Expr::Column(id)).alias(name)));
    let counted = LogicalPlan::Aggregate(Aggregate::try_new(input, group_expr, aggr_expr)?);
    let least = i64::try_from(k).unwrap_or(i64::MAX);
    let is_large = names.iter().map(|name| col(name.as_str()).gt_eq(lit(least))).reduce(Expr::and);
    let kept = match is_large {
        Some(is_large) => LogicalPlanBuilder::from(counted).filter(is_large)?,
        None => LogicalPlanBuilder::from(counted),
    };
    Ok(kept.project(shown)?.build()?)
}

/// The columns that hold the ids of people of every table of people beneath.
fn ids(plan: &LogicalPlan) -> Result<Vec<Column>, Error> {
    if !has_people(plan)? {
        return Ok(Vec::new());
    }
    let lost = || {
        refuse(
            "profile_id of every table of people must reach the aggregation: select it in the subquery, or group by it there",
            "每张个人表的 profile_id 都须传到汇总处：请在子查询中选出它，或按它分组",
        )
    };
    let own = |plan: &LogicalPlan| {
        let columns = plan.schema().columns();
        columns.into_iter().filter(|column| column.name == PERSON).collect::<Vec<_>>()
    };
    match plan {
        plan if is_people(plan) => Ok(own(plan)),
        LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Repartition(_) => ids(plan.inputs()[0]),
        LogicalPlan::Join(join) => {
            let mut all = ids(&join.left)?;
            all.extend(ids(&join.right)?);
            let there = plan.schema().columns();
            if all.iter().all(|id| there.contains(id)) { Ok(all) } else { lost() }
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let (inner, outer) = (alias.input.schema().columns(), plan.schema().columns());
            let renamed = |id: Column| inner.iter().position(|one| *one == id).map(|at| outer[at].clone());
            ids(&alias.input)?.into_iter().map(renamed).collect::<Option<Vec<_>>>().map_or_else(lost, Ok)
        }
        LogicalPlan::Projection(projection) => {
            let outer = plan.schema().columns();
            let kept = |id: Column| {
                let is_it = |expr: &Expr| matches!(expr.clone().unalias(), Expr::Column(column) if column == id);
                projection.expr.iter().position(is_it).map(|at| outer[at].clone())
            };
            ids(&projection.input)?.into_iter().map(kept).collect::<Option<Vec<_>>>().map_or_else(lost, Ok)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let outer = plan.schema().columns();
            let grouped = |id: Column| {
                let is_it = |expr: &Expr| matches!(expr, Expr::Column(column) if *column == id);
                aggregate.group_expr.iter().position(is_it).map(|at| outer[at].clone())
            };
            ids(&aggregate.input)?.into_iter().map(grouped).collect::<Option<Vec<_>>>().map_or_else(lost, Ok)
        }
        _ => lost(),
    }
}

/// Whether a plan is a table of people itself: its name, or a scan of anything with their ids.
fn is_people(plan: &LogicalPlan) -> bool {
    let has_id = plan.schema().fields().iter().any(|field| field.name() == PERSON);
    match plan {
        LogicalPlan::TableScan(_) => has_id,
        LogicalPlan::SubqueryAlias(alias) => {
            let name = alias.alias.table();
            let is_table = TABLES.iter().any(|spec| spec.name == name && spec.column(PERSON).is_some());
            // A view of ours stands for the table; a query's own name stands for what it says.
            has_id && is_table && is_view(&alias.input)
        }
        _ => false,
    }
}

/// Whether a plan was put in place of a table: what a query says itself has the name of a table in it.
pub(crate) fn is_view(plan: &LogicalPlan) -> bool {
    let mut is_said = false;
    let found = plan.apply(|node| {
        let name = match node {
            LogicalPlan::TableScan(scan) => Some(scan.table_name.table()),
            LogicalPlan::SubqueryAlias(alias) => Some(alias.alias.table()),
            _ => None,
        };
        is_said |= name.is_some_and(|name| TABLES.iter().any(|spec| spec.name == name));
        Ok(TreeNodeRecursion::Continue)
    });
    found.is_ok() && !is_said
}

fn has_people(plan: &LogicalPlan) -> Result<bool, Error> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        found |= is_people(node)
            || matches!(node, LogicalPlan::TableScan(scan) if scan.source.schema().field_with_name(PERSON).is_ok());
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}
