//! Smooth functions of many parameters brought downhill: limited-memory BFGS.

/// Pairs of steps and turns that are remembered.
const MEMORY: usize = 8;

/// Where a descent ended.
#[derive(Clone, Debug)]
pub(crate) struct Bottom {
    pub(crate) at: Vec<f64>,
    pub(crate) value: f64,
}

/// Goes downhill from `start` for `n_steps` at most; `None` when the function has no value there.
///
/// `function` writes its gradient and returns its value, of order 1 (a mean, not a sum); a value that is not finite is a
/// wall. The end is the lowest point seen: a gradient below `1e-5`, or two steps in a row that gain less than `1e-8`.
///
/// **Source**: Nocedal and Wright, *Numerical Optimization*, 2nd ed., algorithms 7.4 and 7.5, with back-tracking.
pub(crate) fn descend(
    start: Vec<f64>,
    n_steps: usize,
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<Bottom> {
    let n = start.len();
    let mut at = start;
    let mut gradient = vec![0.0; n];
    let mut value = function(&at, &mut gradient);
    if !value.is_finite() {
        return None;
    }
    let mut memory: std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)> = std::collections::VecDeque::new();
    let mut n_idle = 0;
    let (mut point, mut slope) = (vec![0.0; n], vec![0.0; n]);
    for _ in 0..n_steps {
        let steepest = gradient.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        if !steepest.is_finite() || steepest < 1e-5 {
            break;
        }
        let mut step = direction(&gradient, &memory);
        let mut descent = dot(&step, &gradient);
        if descent >= 0.0 {
            memory.clear();
            step = gradient.iter().map(|part| -part).collect();
            descent = -dot(&gradient, &gradient);
        }
        let longest = step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        // The first step knows no curvature, and none may leap.
        let mut length = if memory.is_empty() { (0.1 / longest).min(1.0) } else { (2.0 / longest).min(1.0) };
        let next = loop {
            point.iter_mut().zip(at.iter().zip(&step)).for_each(|(place, (from, part))| *place = from + length * part);
            let there = function(&point, &mut slope);
            if there.is_finite() && there <= value + 1e-4 * length * descent {
                break Some(there);
            }
            length *= 0.4;
            if length * longest < 1e-9 {
                break None;
            }
        };
        let Some(there) = next else {
            if memory.is_empty() {
                break;
            }
            memory.clear();
            continue;
        };
        let moved: Vec<f64> = point.iter().zip(&at).map(|(to, from)| to - from).collect();
        let turned: Vec<f64> = slope.iter().zip(&gradient).map(|(to, from)| to - from).collect();
        let curvature = dot(&moved, &turned);
        if curvature > 1e-14 {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back((moved, turned, curvature));
        }
        n_idle = if value - there < 1e-8 { n_idle + 1 } else { 0 };
        value = there;
        at.copy_from_slice(&point);
        gradient.copy_from_slice(&slope);
        if n_idle == 2 {
            break;
        }
    }
    Some(Bottom { at, value })
}

fn direction(gradient: &[f64], memory: &std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut step: Vec<f64> = gradient.iter().map(|part| -part).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for (moved, turned, curvature) in memory.iter().rev() {
        let share = dot(moved, &step) / curvature;
        step.iter_mut().zip(turned).for_each(|(part, turn)| *part -= share * turn);
        shares.push(share);
    }
    if let Some((_, turned, curvature)) = memory.back() {
        let scale = curvature / dot(turned, turned);
        step.iter_mut().for_each(|part| *part *= scale);
    }
    for ((moved, turned, curvature), share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = dot(turned, &step) / curvature;
        step.iter_mut().zip(moved).for_each(|(part, way)| *part += (share - back) * way);
    }
    step
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_valley_is_walked_to_its_end() {
        let rosenbrock = |at: &[f64], gradient: &mut [f64]| {
            let (mut value, n) = (0.0, at.len());
            gradient.fill(0.0);
            for i in 0..n - 1 {
                let (a, b) = (1.0 - at[i], at[i + 1] - at[i] * at[i]);
                value += a * a + 100.0 * b * b;
                gradient[i] += -2.0 * a - 400.0 * at[i] * b;
                gradient[i + 1] += 200.0 * b;
            }
            value
        };
        let found = descend(vec![-0.5; 10], 2_000, rosenbrock).unwrap();
        assert!(found.value < 1e-8 && found.at.iter().all(|place| (place - 1.0).abs() < 1e-3), "{found:?}");
        assert!(descend(vec![0.0], 10, |_, _| f64::NAN).is_none());
    }
}
