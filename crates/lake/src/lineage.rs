//! From which columns of the product's tables the columns of a query's answer get their values.
//!
//! Read from the plan, so that aliases, expressions and subqueries hide nothing. What is only filtered, joined, grouped away or
//! counted by is not in the answer. Where a step of a plan is not known here, all that goes into it counts.

use std::collections::BTreeSet;

use datafusion::common::JoinType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use zhike_domain::tables::TABLES;

use crate::Error;
use crate::groups::is_view;

/// Tables and columns whose values the answer holds.
pub(crate) fn origins(plan: &LogicalPlan) -> Result<BTreeSet<(&'static str, String)>, Error> {
    let mut found = BTreeSet::new();
    let all = (0..plan.schema().fields().len()).collect();
    follow(plan, &all, &mut found)?;
    Ok(found)
}

type Wanted = BTreeSet<usize>;
type Found = BTreeSet<(&'static str, String)>;

fn table_named(name: &str) -> Option<&'static str> {
    TABLES.iter().find(|spec| spec.name == name).map(|spec| spec.name)
}

/// Follows some columns of a step to where they come from.
fn follow(plan: &LogicalPlan, wanted: &Wanted, found: &mut Found) -> Result<(), Error> {
    let mut leaf = |table: &'static str| {
        let fields = plan.schema().fields();
        found.extend(wanted.iter().filter_map(|at| Some((table, fields.get(*at)?.name().clone()))));
    };
    match plan {
        LogicalPlan::TableScan(scan) => {
            if let Some(table) = table_named(scan.table_name.table()) {
                leaf(table);
            }
            Ok(())
        }
        LogicalPlan::SubqueryAlias(alias) => match table_named(alias.alias.table()) {
            Some(table) if is_view(&alias.input) => {
                leaf(table);
                Ok(())
            }
            _ => follow(&alias.input, wanted, found),
        },
        LogicalPlan::Projection(projection) => {
            expressions(wanted.iter().filter_map(|at| projection.expr.get(*at)), &projection.input, found)
        }
        LogicalPlan::Aggregate(aggregate) => {
            // With grouping sets the groups are one expression, and the columns another number.
            let is_plain = !aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)));
            let all: Vec<&Expr> = aggregate.group_expr.iter().chain(&aggregate.aggr_expr).collect();
            let held: Vec<&Expr> =
                if is_plain { wanted.iter().filter_map(|at| all.get(*at).copied()).collect() } else { all };
            expressions(held.into_iter(), &aggregate.input, found)
        }
        LogicalPlan::Window(window) => {
            let n = window.input.schema().fields().len();
            let (own, through): (Wanted, Wanted) = wanted.iter().partition(|at| **at >= n);
            follow(&window.input, &through, found)?;
            expressions(own.iter().filter_map(|at| window.window_expr.get(at - n)), &window.input, found)
        }
        LogicalPlan::Join(join) => {
            let n = join.left.schema().fields().len();
            let (left, right) = match join.join_type {
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => (Wanted::new(), wanted.clone()),
                _ => {
                    let (left, right): (Wanted, Wanted) = wanted.iter().partition(|at| **at < n);
                    (left, right.into_iter().map(|at| at - n).collect())
                }
            };
            follow(&join.left, &left, found)?;
            follow(&join.right, &right, found)
        }
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Limit(_) | LogicalPlan::Repartition(_) => {
            plan.inputs().into_iter().try_for_each(|input| follow(input, wanted, found))
        }
        LogicalPlan::Union(union) => union.inputs.iter().try_for_each(|input| follow(input, wanted, found)),
        LogicalPlan::Distinct(datafusion::logical_expr::Distinct::All(input)) => follow(input, wanted, found),
        _ => plan.inputs().into_iter().try_for_each(|input| {
            let all = (0..input.schema().fields().len()).collect();
            follow(input, &all, found)
        }),
    }
}

/// Follows the columns that expressions over a step read, and those of their subqueries.
fn expressions<'a>(all: impl Iterator<Item = &'a Expr>, input: &LogicalPlan, found: &mut Found) -> Result<(), Error> {
    let mut wanted = Wanted::new();
    let mut inner = Vec::new();
    for expr in all {
        expr.apply(|part| {
            match part {
                // A number of rows holds none of their values.
                Expr::AggregateFunction(one) if one.func.name() == "count" => return Ok(TreeNodeRecursion::Jump),
                Expr::Column(column) => wanted.extend(input.schema().maybe_index_of_column(column)),
                Expr::ScalarSubquery(subquery) => inner.push(subquery.subquery.clone()),
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    follow(input, &wanted, found)?;
    for plan in inner {
        let all = (0..plan.schema().fields().len()).collect();
        follow(&plan, &all, found)?;
    }
    Ok(())
}
