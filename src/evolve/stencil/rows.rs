//! The inner loops of the stencil: one diagonal of the covariance at a time, plain slices that the
//! compiler turns into vector instructions. No sum depends on the width of the registers.

/// What one diagonal of the next term is made of, all over the same range of places i.
pub(super) struct Row<'a> {
    /// X_(d-1)[i+1] and X_(d-1)[i]
    pub below: [&'a [f64]; 2],
    /// X_(d+1)[i] and X_(d+1)[i-1]
    pub above: [&'a [f64]; 2],
    /// X_d[i]
    pub here: &'a [f64],
    /// Half of the factor of X_d[i]: that of the place i, and that of the place i+d.
    pub factors: [&'a [f64]; 2],
}

#[inline(always)]
fn next(row: &Row<'_>, scale: f64, term: &mut [f64], sum: &mut [f64]) {
    let len = term.len();
    let ([below, low], [above, left]) = (row.below, row.above);
    let ([first, second], here) = (row.factors, row.here);
    let (below, low, above, left) = (&below[..len], &low[..len], &above[..len], &left[..len]);
    let (first, second, here) = (&first[..len], &second[..len], &here[..len]);
    let sum = &mut sum[..len];
    for i in 0..len {
        let change = (below[i] - low[i]) + (above[i] - left[i]) + (first[i] + second[i]) * here[i];
        let value = scale * change;
        term[i] = value;
        sum[i] += value;
    }
}

/// A function whose loops use wide registers where the machine has them; its results are the same.
macro_rules! vectorized {
    ($(#[$doc:meta])* $name:ident = $plain:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        pub(super) fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($argument: $type),*) $(-> $result)? {
                    $plain($($argument),*)
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: this processor has the instructions.
                    return unsafe { wide($($argument),*) };
                }
            }
            $plain($($argument),*)
        }
    };
}

vectorized!(
    /// term = scale · 𝓛X of one diagonal, and sum += term.
    advance = next(row: &Row<'_>, scale: f64, term: &mut [f64], sum: &mut [f64])
);
vectorized!(
    /// Σ x², by eight sums whose order is always the same.
    square = plain_square(x: &[f64]) -> f64
);
vectorized!(
    /// sum += weight · x
    add = plain_add(sum: &mut [f64], weight: f64, x: &[f64])
);
vectorized!(
    /// sum += weight · a b
    add_product = plain_add_product(sum: &mut [f64], weight: f64, a: &[f64], b: &[f64])
);

#[inline(always)]
fn plain_square(x: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let eights = x.chunks_exact(8);
    let rest: f64 = eights.remainder().iter().map(|x| x * x).sum();
    for eight in eights {
        for (sum, x) in sums.iter_mut().zip(eight) {
            *sum += x * x;
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[inline(always)]
fn plain_add(sum: &mut [f64], weight: f64, x: &[f64]) {
    sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += weight * x);
}

#[inline(always)]
fn plain_add_product(sum: &mut [f64], weight: f64, a: &[f64], b: &[f64]) {
    sum.iter_mut().zip(a).zip(b).for_each(|((sum, a), b)| *sum += weight * (a * b));
}
