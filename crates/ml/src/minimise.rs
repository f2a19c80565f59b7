//! Smooth functions of a few parameters brought to their minimum.

/// Value and gradient at a point.
pub(crate) type Slope<const N: usize> = (f64, [f64; N]);

/// A minimum found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Minimum<const N: usize> {
    pub(crate) at: [f64; N],
    pub(crate) value: f64,
}

/// Where each parameter may go, as a logarithm: parameters that run away are not identified by the data.
pub(crate) const BOUND: f64 = 14.0;

/// BFGS with a back-tracking line search; `None` when no minimum was reached within the bound and 500 steps.
///
/// `function` should be of order 1 (a mean, not a sum): convergence is a gradient below `1e-8` in every direction, or no
/// step that improves anything while it is below `1e-5`.
///
/// **Source**: Nocedal and Wright, *Numerical Optimization*, 2nd ed., algorithm 6.1; the first scaling is their (6.20).
pub(crate) fn bfgs<const N: usize>(
    start: [f64; N],
    mut function: impl FnMut(&[f64; N]) -> Slope<N>,
) -> Option<Minimum<N>> {
    let mut at = start;
    let (mut value, mut gradient) = function(&at);
    let mut inverse = identity::<N>(1.0);
    let mut is_fresh = true;
    for _ in 0..500 {
        if !value.is_finite() || gradient.iter().any(|slope| !slope.is_finite()) {
            return None;
        }
        let steepest = gradient.iter().fold(0.0_f64, |most, slope| most.max(slope.abs()));
        let done = Minimum { at, value };
        if steepest < 1e-8 {
            return is_inside(&at).then_some(done);
        }
        let mut step = [0.0; N];
        for (row, moved) in inverse.iter().zip(&mut step) {
            *moved = -dot(row, &gradient);
        }
        if dot(&step, &gradient) >= 0.0 {
            inverse = identity(1.0);
            is_fresh = true;
            step = gradient.map(|slope| -slope);
        }
        // No leap of more than a factor of e² in any parameter.
        let longest = step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        let mut length = (2.0 / longest).min(1.0);
        let descent = dot(&step, &gradient);
        let next = loop {
            let mut point = at;
            point.iter_mut().zip(&step).for_each(|(place, part)| *place += length * part);
            let slope = function(&point);
            if slope.0.is_finite() && slope.0 <= value + 1e-4 * length * descent {
                break Some((point, slope));
            }
            length *= 0.4;
            if length * longest < 1e-12 {
                break None;
            }
        };
        let Some((point, (new_value, new_gradient))) = next else {
            if is_fresh {
                return (steepest < 1e-5 && is_inside(&at)).then_some(done);
            }
            inverse = identity(1.0);
            is_fresh = true;
            continue;
        };
        if !is_inside(&point) {
            return None;
        }
        let (mut moved, mut turned) = ([0.0; N], [0.0; N]);
        for i in 0..N {
            moved[i] = point[i] - at[i];
            turned[i] = new_gradient[i] - gradient[i];
        }
        let curvature = dot(&moved, &turned);
        if curvature > 1e-14 {
            if is_fresh {
                inverse = identity(curvature / dot(&turned, &turned));
            }
            update(&mut inverse, &moved, &turned, curvature);
            is_fresh = false;
        }
        (at, value, gradient) = (point, new_value, new_gradient);
    }
    None
}

fn is_inside<const N: usize>(at: &[f64; N]) -> bool {
    at.iter().all(|place| place.abs() < BOUND)
}

fn identity<const N: usize>(scale: f64) -> [[f64; N]; N] {
    let mut matrix = [[0.0; N]; N];
    for (i, row) in matrix.iter_mut().enumerate() {
        row[i] = scale;
    }
    matrix
}

fn dot<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn update<const N: usize>(inverse: &mut [[f64; N]; N], moved: &[f64; N], turned: &[f64; N], curvature: f64) {
    let mut product = [0.0; N];
    for (row, place) in inverse.iter().zip(&mut product) {
        *place = dot(row, turned);
    }
    let factor = (1.0 + dot(turned, &product) / curvature) / curvature;
    for i in 0..N {
        for j in 0..N {
            inverse[i][j] += factor * moved[i] * moved[j] - (moved[i] * product[j] + product[i] * moved[j]) / curvature;
        }
    }
}

/// Inverse of the Hessian by central differences of the gradient; `None` unless the function is curved upwards there.
pub(crate) fn inverse_hessian<const N: usize>(
    at: &[f64; N],
    mut function: impl FnMut(&[f64; N]) -> Slope<N>,
) -> Option<[[f64; N]; N]> {
    let mut hessian = vec![0.0; N * N];
    for i in 0..N {
        let step = 1e-4;
        let (mut above, mut below) = (*at, *at);
        above[i] += step;
        below[i] -= step;
        let (above, below) = (function(&above).1, function(&below).1);
        for j in 0..N {
            let second = (above[j] - below[j]) / (2.0 * step);
            hessian[i * N + j] += second / 2.0;
            hessian[j * N + i] += second / 2.0;
        }
    }
    let factor = crate::linear::cholesky(hessian, N)?;
    let mut inverse = [[0.0; N]; N];
    for i in 0..N {
        let mut unit = vec![0.0; N];
        unit[i] = 1.0;
        crate::linear::solve(&factor, N, &mut unit);
        for (j, value) in unit.into_iter().enumerate() {
            inverse[j][i] = value;
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rosenbrock_is_solved_and_a_slope_without_end_is_not() {
        let rosenbrock = |&[x, y]: &[f64; 2]| {
            let (a, b) = (1.0 - x, y - x * x);
            (a * a + 100.0 * b * b, [-2.0 * a - 400.0 * x * b, 200.0 * b])
        };
        let found = bfgs([-1.2, 1.0], rosenbrock).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-6 && (found.at[1] - 1.0).abs() < 1e-6 && found.value < 1e-12);
        assert!(bfgs([0.0], |&[x]| (-x, [-1.0])).is_none());
        let inverse = inverse_hessian(&found.at, rosenbrock).unwrap();
        // Hessian at the minimum: 802, -400; -400, 200.
        assert!((inverse[0][0] - 0.5).abs() < 1e-3 && (inverse[1][1] - 2.005).abs() < 1e-2);
    }
}
